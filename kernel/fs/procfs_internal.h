// procfs inside: what procfs.c (the tree, inodes), procfs_file.c (reading and writing) and
// procfs_pid.c (/proc/<pid>) share.
#pragma once

#include "fs/file.h"
#include "fs/procfs.h"

// Inode numbers say everything: kind in the top bits, so that an inode can be made from its number.
//   static:  index of the node + 1       pid kinds:  kind << 56 | pid << 24 | (file index or fd)
#define PROC_KIND_SHIFT 56
#define PROC_PID_SHIFT 24
enum proc_kind {
    PROC_STATIC,
    PROC_PID_DIR,
    PROC_PID_FILE,
    PROC_FD_DIR,
    PROC_FD_LINK,
    PROC_FDINFO_DIR,
    PROC_FDINFO_FILE,
};

static inline enum proc_kind proc_kind(ino_t ino) {
    return (enum proc_kind)(ino >> PROC_KIND_SHIFT);
}
static inline int proc_pid(ino_t ino) { return (int)(ino >> PROC_PID_SHIFT); }
static inline int proc_index(ino_t ino) { return (int)(ino & ((1u << PROC_PID_SHIFT) - 1)); }
static inline ino_t proc_ino(enum proc_kind kind, int pid, int index) {
    return (ino_t)kind << PROC_KIND_SHIFT | (ino_t)(uint32_t)pid << PROC_PID_SHIFT | (ino_t)index;
}

// procfs.c: registered files.
struct proc_node {
    const char *name;
    size_t len;
    struct proc_node *parent;
    struct list children, sibling;
    const struct procfs_file *file; // NULL: a directory or a link
    const char *target;             // of a link
    ino_t ino;
};
struct proc_node *proc_node(ino_t ino);
void proc_add_below(struct proc_node *root, const struct procfs_file *f); // for ever; boot only
int proc_read_inode(struct inode *i);
int proc_add_common(struct inode *i, uint32_t mode); // sets what every inode of procfs has

// sysfs.c
void sysfs_init(void);

// procfs_file.c
extern const struct file_ops proc_file_ops;

// procfs_pid.c
extern const struct procfs_pid_ops *proc_pids; // NULL until proc/ has registered
int proc_pid_read_inode(struct inode *i);
int proc_pid_lookup(struct inode *root, const char *name, size_t len, struct inode **out);
int proc_pid_follow(struct inode *link, struct path *out);
// Entries for the live processes, from f->pos on; see procfs.c for positions.
bool proc_pid_list(struct file *f, struct dir_sink *sink, off_t base);
int proc_pid_show(struct textbuf *t, ino_t ino);
bool proc_pid_is_binary(ino_t ino); // has `read` instead of a text
ssize_t proc_pid_read(char *buf, size_t n, off_t pos, ino_t ino);
int proc_pid_store(const char *text, size_t n, ino_t ino);
// A decimal number that is the whole name, or -1.
int proc_parse_number(const char *name, size_t len);
