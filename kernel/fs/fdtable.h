// Descriptors: small numbers to open files; grows as needed up to RLIMIT_NOFILE.
#pragma once

#include "fs/file.h"
#include "lib/refcount.h"
#include "sync/spinlock.h"

#define FDTABLE_INLINE 16 // slots that need no array of their own

struct fdtable {
    struct refcount ref;
    uint32_t size;          // [lock] slots
    struct file **file;     // [lock] NULL: free
    uint64_t *cloexec;      // [lock] bitmap
    uint32_t next;          // [lock] no free slot below
    struct spinlock lock;   // RANK_FILE
    struct file *inline_file[FDTABLE_INLINE];
    uint64_t inline_cloexec;
};

struct fdtable *__must_check fdtable_alloc(void);
struct fdtable *__must_check fdtable_copy(struct fdtable *old); // fork
void fdtable_put(struct fdtable *t);    // the last one closes all
void fdtable_close_on_exec(struct fdtable *t);
struct file *fd_get_shared(struct fdtable *t, int fd); // under the lock: any process's table
// The file, referenced, or NULL. t is the current process's own.
static inline struct file *fd_get(struct fdtable *t, int fd) {
    if (unlikely(ref_read(&t->ref) != 1))
        return fd_get_shared(t, fd);
    struct file *f = (uint32_t)fd < t->size ? t->file[fd] : NULL;
    if (f)
        file_get(f);
    return f;
}
// The lowest free descriptor >= from: -EMFILE, -ENOMEM, -EINVAL (from beyond the limit). Takes over
// the reference on success.
int __must_check fd_install(struct fdtable *t, struct file *f, int from, bool cloexec);
int fd_close(struct fdtable *t, int fd); // -EBADF
int fd_dup_to(struct fdtable *t, int fd, int newfd, bool cloexec); // dup3 without the equal check
int fd_get_cloexec(struct fdtable *t, int fd);
int fd_set_cloexec(struct fdtable *t, int fd, bool on);
// The first open descriptor >= *fd into *fd; false: none. Any process's table.
bool fd_next_open(struct fdtable *t, int *fd);
