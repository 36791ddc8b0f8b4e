// Descriptors: small numbers to open files; grows as needed up to RLIMIT_NOFILE.
#pragma once

#include "lib/refcount.h"
#include "sched/mutex.h"

struct file;

struct fdtable {
    struct refcount ref;
    struct spinlock lock;   // RANK_FILE
    struct file **file;     // [lock] NULL: free
    uint64_t *cloexec;      // [lock] bitmap
    uint32_t size;          // [lock] slots
    uint32_t next;          // [lock] no free slot below
    uint32_t limit;         // [lock] RLIMIT_NOFILE, flows down
};

struct fdtable *__must_check fdtable_alloc(void);
struct fdtable *__must_check fdtable_copy(struct fdtable *old); // fork
void fdtable_put(struct fdtable *t);    // the last one closes all
void fdtable_close_on_exec(struct fdtable *t);
// The file, referenced, or NULL.
struct file *fd_get(struct fdtable *t, int fd);
// The lowest free descriptor >= from: -EMFILE, -ENOMEM. Takes over the reference on success.
int __must_check fd_install(struct fdtable *t, struct file *f, int from, bool cloexec);
int fd_close(struct fdtable *t, int fd); // -EBADF
int fd_dup_to(struct fdtable *t, int fd, int newfd, bool cloexec); // dup3 without the equal check
int fd_get_cloexec(struct fdtable *t, int fd);
int fd_set_cloexec(struct fdtable *t, int fd, bool on);
