/* From addresses of a program to its source: DWARF's line table, else the symbol table. */
#ifndef MTRACE_LINES_H
#define MTRACE_LINES_H

#include <stddef.h>
#include <stdint.h>

/* A program's file. NULL, with errno or 0, when it cannot be read or is no ELF64 file. */
struct program *program_open(const char *path);
/* "user/bin/leak.c:42", "function+0x12", or "0x10234"; from malloc. */
char *program_place(struct program *p, uint64_t address);

/* line.c: the file and line of an address by the table at `data`; 0, or -1: it is not in there. The
 * strings are those of .debug_line_str and .debug_str, may be NULL. */
struct section {
    const unsigned char *data;
    size_t size;
};
struct line_tables {
    struct section line, line_str, str;
};
int line_find(const struct line_tables *t, uint64_t address, char *file, size_t size,
              unsigned *line);

#endif
