// Descriptor tables: arrays of open files that double when they are full.
//
// Most tables belong to one thread. Then nobody else changes them, and looking a descriptor up
// takes no lock; a table with more users is read under its lock. Changes always take the lock,
// since others look into the table (/proc/<pid>/fd).
//
// Invariants: 1. no slot below `next` is free. 2. cloexec bits of free slots are 0. 3. files are
// put outside the lock: the last put may sleep.
#include "fs/fdtable.h"

#include "abi/errno.h"
#include "fs/file.h"
#include "fs/lock.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/limits.h"

struct fdtable *fdtable_alloc(void) {
    struct fdtable *t = kzalloc(sizeof(*t), GFP_KERNEL);
    if (!t)
        return NULL;
    ref_init(&t->ref, 1);
    spin_init(&t->lock, "descriptors", RANK_FILE);
    t->file = t->inline_file;
    t->cloexec = &t->inline_cloexec;
    t->size = FDTABLE_INLINE;
    return t;
}

static void free_arrays(struct file **file, uint64_t *cloexec, struct fdtable *t) {
    if (file != t->inline_file) {
        kfree(file);
        kfree(cloexec);
    }
}

// Room for at least `want` slots; the lock is not held. 0 or -ENOMEM.
static int grow(struct fdtable *t, uint32_t want) {
    uint32_t size = max(t->size * 2, 64u);
    while (size < want)
        size *= 2;
    struct file **file = kzalloc(size * sizeof(*file), GFP_KERNEL);
    uint64_t *cloexec = kzalloc(BITMAP_WORDS(size) * 8, GFP_KERNEL);
    if (!file || !cloexec) {
        kfree(file);
        kfree(cloexec);
        return -ENOMEM;
    }
    spin_lock(&t->lock);
    if (t->size < size) { // else another thread was faster
        memcpy(file, t->file, t->size * sizeof(*file));
        memcpy(cloexec, t->cloexec, BITMAP_WORDS(t->size) * 8);
        struct file **old_file = t->file;
        uint64_t *old_cloexec = t->cloexec;
        t->file = file;
        t->cloexec = cloexec;
        t->size = size;
        file = old_file;
        cloexec = old_cloexec;
    }
    spin_unlock(&t->lock);
    free_arrays(file, cloexec, t);
    return 0;
}

static uint32_t slots_used(const struct fdtable *t) {
    uint32_t n = t->size;
    while (n > 0 && !t->file[n - 1])
        n--;
    return n;
}

struct fdtable *fdtable_copy(struct fdtable *old) {
    struct fdtable *t = fdtable_alloc();
    if (!t)
        return NULL;
    spin_lock(&old->lock);
    uint32_t used = slots_used(old);
    while (used > t->size) { // more than once only when another thread opens files meanwhile
        spin_unlock(&old->lock);
        if (grow(t, used)) {
            fdtable_put(t);
            return NULL;
        }
        spin_lock(&old->lock);
        used = slots_used(old);
    }
    for (uint32_t fd = 0; fd < used; fd++) {
        t->file[fd] = old->file[fd];
        if (t->file[fd])
            file_get(t->file[fd]);
    }
    memcpy(t->cloexec, old->cloexec, BITMAP_WORDS(used) * 8);
    t->next = old->next;
    spin_unlock(&old->lock);
    return t;
}

// A descriptor went: so do the process's record locks on that file (fcntl(2)).
static void close_file(struct fdtable *t, struct file *f) {
    lock_closed(f->inode, t);
    file_put(f);
}

void fdtable_put(struct fdtable *t) {
    if (!t || !ref_put(&t->ref))
        return;
    for (uint32_t fd = 0; fd < t->size; fd++)
        if (t->file[fd])
            close_file(t, t->file[fd]);
    free_arrays(t->file, t->cloexec, t);
    kfree(t);
}

// Takes the file out of a slot. NULL: it was free. Lock held.
static struct file *clear_slot(struct fdtable *t, uint32_t fd) {
    struct file *f = fd < t->size ? t->file[fd] : NULL;
    if (!f)
        return NULL;
    t->file[fd] = NULL;
    bit_clear(t->cloexec, fd);
    t->next = min(t->next, fd);
    return f;
}

void fdtable_close_on_exec(struct fdtable *t) {
    for (uint32_t fd = 0;; fd++) {
        spin_lock(&t->lock);
        fd = (uint32_t)bitmap_find_set(t->cloexec, t->size, fd);
        struct file *f = clear_slot(t, fd);
        spin_unlock(&t->lock);
        if (!f)
            return;
        close_file(t, f);
    }
}

struct file *fd_get_shared(struct fdtable *t, int fd) {
    spin_lock(&t->lock);
    struct file *f = (uint32_t)fd < t->size ? t->file[fd] : NULL;
    if (f)
        file_get(f);
    spin_unlock(&t->lock);
    return f;
}

// The lowest free slot >= from, which may be t->size. Lock held.
static uint32_t find_free(struct fdtable *t, uint32_t from) {
    uint32_t fd = max(from, t->next);
    while (fd < t->size && t->file[fd])
        fd++;
    if (from <= t->next)
        t->next = fd;
    return fd;
}

int fd_install(struct fdtable *t, struct file *f, int from, bool cloexec) {
    uint64_t limit = current_limit(RLIMIT_NOFILE);
    if (from < 0 || (from > 0 && (uint64_t)from >= limit))
        return -EINVAL;
    for (;;) {
        spin_lock(&t->lock);
        uint32_t fd = find_free(t, (uint32_t)from);
        bool room = fd < t->size && fd < limit;
        if (room) {
            t->file[fd] = f;
            if (cloexec)
                bit_set(t->cloexec, fd);
        }
        spin_unlock(&t->lock);
        if (room)
            return (int)fd;
        if (fd >= limit)
            return -EMFILE;
        int err = grow(t, fd + 1);
        if (err)
            return err;
    }
}

int fd_close(struct fdtable *t, int fd) {
    spin_lock(&t->lock);
    struct file *f = clear_slot(t, (uint32_t)fd);
    spin_unlock(&t->lock);
    if (!f)
        return -EBADF;
    close_file(t, f);
    return 0;
}

int fd_dup_to(struct fdtable *t, int fd, int newfd, bool cloexec) {
    if (newfd < 0 || (uint64_t)newfd >= current_limit(RLIMIT_NOFILE))
        return -EBADF;
    while ((uint32_t)newfd >= READ_ONCE(t->size)) {
        int err = grow(t, (uint32_t)newfd + 1);
        if (err)
            return err;
    }
    spin_lock(&t->lock);
    struct file *f = (uint32_t)fd < t->size ? t->file[fd] : NULL;
    struct file *old = NULL;
    if (f) {
        file_get(f);
        old = clear_slot(t, (uint32_t)newfd);
        t->file[newfd] = f;
        if (cloexec)
            bit_set(t->cloexec, (size_t)newfd);
    }
    spin_unlock(&t->lock);
    if (old)
        close_file(t, old);
    return f ? newfd : -EBADF;
}

int fd_get_cloexec(struct fdtable *t, int fd) {
    spin_lock(&t->lock);
    bool open = (uint32_t)fd < t->size && t->file[fd];
    int r = open ? bit_test(t->cloexec, (size_t)fd) : -EBADF;
    spin_unlock(&t->lock);
    return r;
}

int fd_set_cloexec(struct fdtable *t, int fd, bool on) {
    spin_lock(&t->lock);
    bool open = (uint32_t)fd < t->size && t->file[fd];
    if (open && on)
        bit_set(t->cloexec, (size_t)fd);
    else if (open)
        bit_clear(t->cloexec, (size_t)fd);
    spin_unlock(&t->lock);
    return open ? 0 : -EBADF;
}

bool fd_next_open(struct fdtable *t, int *fd) {
    spin_lock(&t->lock);
    while ((uint32_t)*fd < t->size && !t->file[*fd])
        ++*fd;
    bool found = (uint32_t)*fd < t->size;
    spin_unlock(&t->lock);
    return found;
}
