// procfs: files whose text is made when they are read. Floors above add files by procfs_add
// (upcall, docs/floors.md); /proc/<pid> is supplied by proc/ through procfs_set_pids.
#pragma once

#include "fs/textbuf.h"
#include "lib/types.h"

struct process;

struct procfs_file {
    const char *path;   // "meminfo", "sys/vm/drop_caches": directories are made as needed
    uint32_t mode;      // 0444, 0644 ...
    // Makes the whole text; 0 or -errno.
    int (*show)(struct textbuf *t, void *arg);
    // Takes what was written (terminated): 0 or -errno. NULL: read only.
    int (*store)(const char *text, size_t n, void *arg);
    void *arg;
};
void procfs_add(const struct procfs_file *f);

// A file of /proc/<pid>/. A process that has gone answers -ESRCH.
struct procfs_pid_file {
    const char *name; // "maps", "fd" (a directory when list is set) ...
    uint32_t mode;
    int (*show)(struct textbuf *t, struct process *p);
    int (*store)(const char *text, size_t n, struct process *p);
    // A symbolic link ("exe", "cwd", "root"): fills *out (held). Or NULL.
    int (*link)(struct process *p, struct path *out);
    // A directory of numbered links ("fd"): the first number >= *n, false at the end; and its path.
    bool (*next_fd)(struct process *p, int *n);
    int (*fd_link)(struct process *p, int fd, struct path *out, char *text, size_t size);
};
struct procfs_pid_ops {
    struct process *(*find)(int pid); // held, or NULL
    void (*put)(struct process *p);
    bool (*next)(int *pid);           // the first live pid >= *pid
    int (*self)(void);                // the caller's pid
    const struct procfs_pid_file *files;
    size_t nfiles;
};
void procfs_set_pids(const struct procfs_pid_ops *ops);
void procfs_init(void);
