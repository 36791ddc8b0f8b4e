// Pipes and FIFOs: a ring of page buffers between writers and readers.
//        tail                     head
//   ... [ .. ] [used] [used] [used, room at its end] [ .. ] ...      slot n at buf[n % slots]
//
// A write that fits goes into the room at the end of the last buffer first, so small writes do not
// take a page each. Emptied pages are kept (two of them), so a pipe in use allocates nothing.
//
// Invariants: 1. head - tail slots are used, each with len > 0. 2. only the last one may have room.
// 3. a write of up to PIPE_BUF bytes happens whole, once there is room for all of it.
//
// Locks: `lock` (RANK_PIPE) is held while copying, which may sleep in a page fault. The wait
// queues' conditions read head, tail and the counts without it and are checked again under it.
#include "fs/pipe.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "abi/limits.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/poll.h"
#include "fs/super.h"
#include "lib/format.h"
#include "mm/buddy.h"
#include "mm/slab.h"

#define PIPE_SLOTS 16
#define PIPE_MAX_BYTES (1024 * 1024) // F_SETPIPE_SZ of anybody
#define SPARE_PAGES 2

struct pipe_buf {
    struct page *page;
    uint32_t offset, len; // [offset, offset + len) is unread
};

struct pipe {
    struct mutex lock;
    uint32_t head, tail;          // [lock] free-running
    uint32_t slots;               // [lock] a power of two
    uint32_t readers, writers;    // [lock] open ends
    uint32_t reader_opens, writer_opens; // [lock] ever: a FIFO's open waits for the other to grow
    uint32_t ends;                // [lock] open files: the last frees it
    int spares;                   // [lock]
    struct page *spare[SPARE_PAGES];
    struct waitq readq, writeq;   // wait for data, for room
    struct pipe_buf *buf;         // [lock]
    struct pipe_buf inline_buf[PIPE_SLOTS];
};

static struct slab_cache *pipe_slab;
static struct super *pipe_super;
static struct mount *pipe_mount;
static ino_t next_ino; // [a]
static struct mutex attach_lock = MUTEX_INIT(attach_lock, "pipe inode", RANK_INODE);

static inline uint32_t used_slots(const struct pipe *p) {
    return READ_ONCE(p->head) - READ_ONCE(p->tail);
}
static inline struct pipe_buf *slot(struct pipe *p, uint32_t n) {
    return &p->buf[n & (p->slots - 1)];
}

static struct pipe *pipe_alloc(void) {
    struct pipe *p = slab_alloc(pipe_slab, GFP_KERNEL | GFP_ZERO);
    if (!p)
        return NULL;
    mutex_init(&p->lock, "pipe", RANK_PIPE);
    waitq_init(&p->readq);
    waitq_init(&p->writeq);
    p->slots = PIPE_SLOTS;
    p->buf = p->inline_buf;
    return p;
}

static void pipe_free(struct pipe *p) {
    while (p->tail != p->head)
        page_free_counted(slot(p, p->tail++)->page, NR_PIPE);
    while (p->spares > 0)
        page_free_counted(p->spare[--p->spares], NR_PIPE);
    if (p->buf != p->inline_buf)
        kfree(p->buf);
    slab_free(pipe_slab, p);
}

static struct page *take_page(struct pipe *p) {
    if (p->spares > 0)
        return p->spare[--p->spares];
    return page_alloc_counted(GFP_USER, NR_PIPE);
}

static void give_page(struct pipe *p, struct page *page) {
    if (p->spares < SPARE_PAGES)
        p->spare[p->spares++] = page;
    else
        page_free_counted(page, NR_PIPE);
}

// Reads what is there, up to u->left. Lock held. Bytes, or -EFAULT when not even one.
static ssize_t drain(struct pipe *p, struct uio *u) {
    ssize_t done = 0;

    while (u->left && p->tail != p->head) {
        struct pipe_buf *b = slot(p, p->tail);
        size_t want = min((size_t)b->len, u->left);
        size_t n = copy_to_uio(u, (char *)page_to_virt(b->page) + b->offset, want);
        b->offset += (uint32_t)n;
        b->len -= (uint32_t)n;
        done += (ssize_t)n;
        if (b->len == 0) {
            give_page(p, b->page);
            WRITE_ONCE(p->tail, p->tail + 1);
        }
        if (n < want)
            return done ? done : -EFAULT;
    }
    return done;
}

static ssize_t pipe_read(struct file *f, struct uio *u, off_t *pos) {
    struct pipe *p = f->private;

    if (u->left == 0)
        return 0;
    for (;;) {
        mutex_lock(&p->lock);
        bool ended = p->writers == 0;
        ssize_t n = drain(p, u);
        mutex_unlock(&p->lock);
        if (n) {
            waitq_wake_all_sync(&p->writeq);
            return n;
        }
        if (ended)
            return 0;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&p->readq, used_slots(p) || !READ_ONCE(p->writers)))
            return -EINTR;
    }
}

// How many bytes a write could put in now. Lock held.
static size_t room(struct pipe *p) {
    size_t n = (p->slots - used_slots(p)) * PAGE_SIZE;
    if (p->head != p->tail) {
        struct pipe_buf *last = slot(p, p->head - 1);
        n += PAGE_SIZE - last->offset - last->len;
    }
    return n;
}

// Appends up to n bytes from u to the last buffer. Returns how many.
static size_t append(struct pipe_buf *b, struct uio *u, size_t n) {
    size_t end = b->offset + b->len;
    n = copy_from_uio(u, (char *)page_to_virt(b->page) + end, min(n, PAGE_SIZE - end));
    b->len += (uint32_t)n;
    return n;
}

// Puts in as much of u as there is room for. Lock held. Bytes; -EFAULT, -ENOMEM when none.
static ssize_t fill(struct pipe *p, struct uio *u) {
    ssize_t done = 0;

    if (p->head != p->tail) {
        struct pipe_buf *last = slot(p, p->head - 1);
        size_t want = min(u->left, PAGE_SIZE - last->offset - last->len);
        done = (ssize_t)append(last, u, want);
        if ((size_t)done < want)
            return done ? done : -EFAULT;
    }
    while (u->left && used_slots(p) < p->slots) {
        struct pipe_buf b = {.page = take_page(p)};
        if (!b.page)
            return done ? done : -ENOMEM;
        size_t want = min(u->left, PAGE_SIZE);
        size_t n = append(&b, u, want);
        done += (ssize_t)n;
        if (n == 0) {
            give_page(p, b.page);
        } else {
            *slot(p, p->head) = b;
            WRITE_ONCE(p->head, p->head + 1);
        }
        if (n < want)
            return done ? done : -EFAULT;
    }
    return done;
}

// True when a write of n bytes may go on: all of a small one fits, or some of a large one.
static bool may_write(struct pipe *p, size_t n) {
    return n <= PIPE_BUF ? room(p) >= n : room(p) > 0;
}

// Sleeps until it may. A small write needs all its room, which only the lock's holder can tell: the
// condition here is that a reader has taken something since.
static int wait_for_room(struct pipe *p, uint32_t tail) {
    return wait_event_interruptible(&p->writeq, READ_ONCE(p->tail) != tail ||
                                                    !READ_ONCE(p->readers))
               ? -EINTR
               : 0;
}

static ssize_t pipe_write(struct file *f, struct uio *u, off_t *pos) {
    struct pipe *p = f->private;
    bool atomic = u->left <= PIPE_BUF;
    ssize_t done = 0;

    if (u->left == 0)
        return 0;
    for (;;) {
        mutex_lock(&p->lock);
        ssize_t n = -EPIPE;
        uint32_t tail = p->tail;
        if (p->readers)
            n = may_write(p, atomic ? u->left : PIPE_BUF + 1) ? fill(p, u) : -EAGAIN;
        mutex_unlock(&p->lock);
        if (n > 0) {
            done += n;
            waitq_wake_all_sync(&p->readq);
        }
        if (u->left == 0 || (n < 0 && n != -EAGAIN))
            return done ? done : n;
        if (n > 0) // full, or bad memory follows: the next turn knows
            continue;
        if (f->flags & O_NONBLOCK)
            return done ? done : -EAGAIN;
        int err = wait_for_room(p, tail);
        if (err)
            return done ? done : err;
    }
}

static uint32_t pipe_poll(struct file *f, struct poll_table *pt) {
    struct pipe *p = f->private;
    uint32_t ready = 0;

    if (file_readable(f)) {
        poll_wait(pt, &p->readq);
        if (used_slots(p))
            ready |= POLLIN | POLLRDNORM;
        if (!READ_ONCE(p->writers) && p->writer_opens)
            ready |= POLLHUP;
    }
    if (file_writable(f)) {
        poll_wait(pt, &p->writeq);
        if (used_slots(p) < READ_ONCE(p->slots))
            ready |= POLLOUT | POLLWRNORM;
        if (!READ_ONCE(p->readers))
            ready |= POLLERR;
    }
    return ready;
}

static long pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg) {
    struct pipe *p = f->private;
    int bytes = 0;

    if (cmd != FIONREAD)
        return -ENOTTY;
    mutex_lock(&p->lock);
    for (uint32_t n = p->tail; n != p->head; n++)
        bytes += (int)slot(p, n)->len;
    mutex_unlock(&p->lock);
    return copy_to_user(arg, &bytes, sizeof(bytes));
}

// The inode's pipe, made when the first end is opened; one more end. NULL: out of memory.
static struct pipe *attach_end(struct inode *i) {
    mutex_lock(&attach_lock);
    if (!i->pipe)
        i->pipe = pipe_alloc();
    struct pipe *p = i->pipe;
    if (p)
        p->ends++;
    mutex_unlock(&attach_lock);
    return p;
}

static void detach_end(struct inode *i) {
    mutex_lock(&attach_lock);
    struct pipe *p = i->pipe;
    bool last = --p->ends == 0;
    if (last)
        i->pipe = NULL;
    mutex_unlock(&attach_lock);
    if (last)
        pipe_free(p);
}

static void count_end(struct pipe *p, const struct file *f, int by) {
    mutex_lock(&p->lock);
    if (file_readable(f))
        p->readers += (uint32_t)by;
    if (file_writable(f))
        p->writers += (uint32_t)by;
    if (by > 0) {
        p->reader_opens += file_readable(f);
        p->writer_opens += file_writable(f);
    }
    mutex_unlock(&p->lock);
    waitq_wake_all(&p->readq);
    waitq_wake_all(&p->writeq);
}

static void pipe_release(struct file *f) {
    count_end(f->private, f, -1);
    detach_end(f->inode);
}

// fifo(7): an open for reading waits for a writer and the other way round; with O_NONBLOCK a reader
// goes on and a writer gets -ENXIO.
static int wait_other_end(struct pipe *p, const struct file *f) {
    bool wants_writer = !file_writable(f);
    struct waitq *q = wants_writer ? &p->readq : &p->writeq;
    uint32_t *there = wants_writer ? &p->writers : &p->readers;
    uint32_t *opens = wants_writer ? &p->writer_opens : &p->reader_opens;
    uint32_t before = READ_ONCE(*opens);

    if (READ_ONCE(*there) || (file_readable(f) && file_writable(f)))
        return 0;
    if (f->flags & O_NONBLOCK)
        return wants_writer ? 0 : -ENXIO;
    // It may have come and gone again before we run: then there was somebody.
    return wait_event_interruptible(q, READ_ONCE(*opens) != before) ? -EINTR : 0;
}

static int fifo_open(struct inode *i, struct file *f) {
    struct pipe *p = attach_end(i);
    if (!p)
        return -ENOMEM;
    f->private = p;
    count_end(p, f, 1);
    int err = wait_other_end(p, f);
    if (err)
        pipe_release(f);
    return err;
}

const struct file_ops fifo_file_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .open = fifo_open,
    .release = pipe_release,
};

static struct file *make_end(struct inode *i, int flags) {
    struct file *f = file_from_inode(i, &fifo_file_ops, flags);
    if (!f)
        return NULL;
    inode_hold(i);
    f->private = i->pipe;
    i->pipe->ends++;
    count_end(i->pipe, f, 1);
    return f;
}

int pipe_create(int flags, struct file **reader, struct file **writer) {
    struct inode *i;
    if (inode_new(pipe_super, atomic_add(&next_ino, 1) + 1, S_IFIFO | 0600, &i))
        return -ENOMEM;
    inode_init_special(i);
    int err = -ENOMEM;
    i->pipe = pipe_alloc();
    if (!i->pipe)
        goto put_inode;
    *reader = make_end(i, O_RDONLY | (flags & O_NONBLOCK));
    if (!*reader)
        goto free_pipe;
    *writer = make_end(i, O_WRONLY | (flags & O_NONBLOCK));
    if (!*writer) {
        file_put(*reader); // with it goes the pipe
        goto put_inode;
    }
    err = 0;
    goto put_inode; // each end holds it

free_pipe:
    pipe_free(i->pipe);
    i->pipe = NULL;
put_inode:
    inode_put(i);
    return err;
}

bool file_is_pipe(const struct file *f) { return f->ops == &fifo_file_ops; }

long pipe_get_size(struct file *f) {
    struct pipe *p = f->private;
    if (!file_is_pipe(f))
        return -EBADF;
    return (long)(READ_ONCE(p->slots) * PAGE_SIZE);
}

long pipe_set_size(struct file *f, uint32_t bytes) {
    struct pipe *p = f->private;
    uint32_t slots = 1;

    if (!file_is_pipe(f))
        return -EBADF;
    if (bytes > PIPE_MAX_BYTES)
        return -EPERM;
    while (slots * PAGE_SIZE < bytes)
        slots *= 2;
    struct pipe_buf *buf = kmalloc_array(slots, sizeof(*buf), GFP_KERNEL);
    if (!buf)
        return -ENOMEM;
    mutex_lock(&p->lock);
    uint32_t used = used_slots(p);
    bool fits = used <= slots;
    if (fits) {
        for (uint32_t n = 0; n < used; n++)
            buf[n] = *slot(p, p->tail + n);
        struct pipe_buf *old = p->buf;
        p->buf = buf;
        buf = old == p->inline_buf ? NULL : old;
        p->slots = slots;
        p->tail = 0;
        p->head = used;
    }
    mutex_unlock(&p->lock);
    kfree(buf);
    waitq_wake_all(&p->writeq);
    return fits ? (long)(slots * PAGE_SIZE) : -EBUSY;
}

int pipe_anon_path(struct file *f, struct path *out) {
    char name[32];

    scnprintf(name, sizeof(name), "pipe:[%lu]", f->inode->ino);
    out->dentry = dentry_anon(f->inode, name);
    if (!out->dentry)
        return -ENOMEM;
    mount_get(pipe_mount);
    out->mount = pipe_mount;
    return 0;
}

static const struct super_ops pipe_super_ops;

void pipe_init(void) {
    pipe_slab = slab_cache_create("pipe", sizeof(struct pipe), 0, NULL);
    pipe_super = super_open_internal(&pipe_super_ops);
    pipe_super->drop_inodes = true;
    int err = inode_new(pipe_super, 0, S_IFDIR, &pipe_super->root);
    pipe_mount = err ? NULL : mount_internal(pipe_super);
    assert(pipe_mount);
}
