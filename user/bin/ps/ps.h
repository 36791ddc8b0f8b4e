/* ps: what its files share. */
#ifndef PS_H
#define PS_H

#include <stddef.h>
#include <tools.h>

/* A process as ps shows it: what the columns need beyond /proc/<pid>/stat. */
struct shown {
    struct process_stat stat;
    char *command; /* arguments; read at the first use */
};

#define PID_WIDTH (-1) /* that of the largest number a process can have */

/* What a column shows. `text` writes it; `number` is for sorting, NULL: sorted by the text. */
struct column {
    const char *name, *heading;
    int width, right; /* right: aligned to the right */
    void (*text)(struct shown *p, char *out, size_t size);
    double (*number)(struct shown *p);
};

/* NULL: no column has this name. */
const struct column *find_column(const char *name, size_t len);
const char *shown_command(struct shown *p);

#endif
