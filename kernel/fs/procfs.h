// procfs: files whose text is made when they are read. Floors above add files by procfs_add
// (upcall, docs/floors.md); what /proc/<pid> shows is supplied by proc/ through procfs_set_pids.
#pragma once

#include "fs/path.h"
#include "fs/textbuf.h"
#include "lib/types.h"

struct fdtable;
struct process;

struct procfs_file {
    const char *path;   // "meminfo", "sys/vm/drop_caches": directories are made as needed
    uint32_t mode;      // 0444, 0644 ...
    // Makes the whole text; 0 or -errno.
    int (*show)(struct textbuf *t, void *arg);
    // Takes what was written (terminated): 0 or -errno. NULL: read only.
    int (*store)(const char *text, size_t n, void *arg);
    void *arg;
    // Instead of show, for what is too large to make at once: fills n bytes (at most a page) that
    // stand at pos. How many, 0 at the end, or -errno.
    ssize_t (*read)(char *buf, size_t n, off_t pos);
};
void procfs_add(const struct procfs_file *f); // for ever; boot only

// A file that is one number: show and store for struct procfs_file, whose arg is this.
struct procfs_number {
    uint64_t *value; // NULL: get and set
    uint64_t min, max;
    uint64_t (*get)(void);
    void (*set)(uint64_t value);
};
int procfs_show_number(struct textbuf *t, void *number);
int procfs_store_number(const char *text, size_t n, void *number);
// One decimal number within [min, max] with white space around it, and nothing else: 0 or -EINVAL.
int procfs_parse_number(const char *text, size_t n, uint64_t lo, uint64_t hi, uint64_t *out);
// A symbolic link with fixed text.
void procfs_add_link(const char *path, const char *target);

// A file of /proc/<pid>/. A process that has gone answers -ESRCH.
struct procfs_pid_file {
    const char *name; // "maps", "exe" ...
    uint32_t mode;
    int (*show)(struct textbuf *t, struct process *p);
    int (*store)(const char *text, size_t n, struct process *p);
    ssize_t (*read)(char *buf, size_t n, off_t pos, struct process *p); // instead of show, as above
    // Instead of show: a symbolic link to a place ("exe"): fills *out (held). -ENOENT: it has none.
    int (*link)(struct process *p, struct path *out);
};
// procfs itself supplies fd/, fdinfo/, cwd, root, mounts and mountinfo from files() and fs().
struct procfs_pid_ops {
    struct process *(*find)(int pid); // held, or NULL
    void (*put)(struct process *p);
    bool (*next)(int *pid);           // the first live pid >= *pid
    int (*self)(void);                // the caller's pid
    struct fdtable *(*files)(struct process *p); // held, or NULL when it has ended
    struct fsctx *(*fs)(struct process *p);      // held, or NULL
    int (*may_look)(struct process *p); // 0 or -EACCES: links, and files of mode 0400
    const struct procfs_pid_file *list; // nlist of them
    size_t nlist;
};
void procfs_set_pids(const struct procfs_pid_ops *ops);
void procfs_init(void);
