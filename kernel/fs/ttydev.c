// Terminals as files: /dev/console, /dev/ttyS0 and /dev/tty (the caller's own). Copies between user
// memory and the line discipline (dev/tty.h), and the ioctls of tty_ioctl(4).
#include "abi/errno.h"
#include "dev/tty.h"
#include "fs/devfs.h"
#include "fs/poll.h"
#include "mm/slab.h"

#define TTY_CHUNK 256 // bytes on the stack
#define BLOCKING(f) (!((f)->flags & O_NONBLOCK))

static struct tty *no_tty(void) { return NULL; }
static int always(struct tty *t, bool write) { return 0; }
static int not_allowed(struct tty *t, bool steal) { return -EPERM; }
static int not_ours(struct tty *t) { return -ENOTTY; }
static int set_any_foreground(struct tty *t, int pgid) {
    tty_set_pgrp(t, pgid);
    return 0;
}

static const struct tty_job_ops no_jobs = {
    .current_tty = no_tty,
    .may_use = always,
    .acquire = not_allowed,
    .release = not_ours,
    .set_foreground = set_any_foreground,
};
static const struct tty_job_ops *jobs = &no_jobs;

void devfs_set_tty_hooks(const struct tty_job_ops *ops) { jobs = ops; }

// A terminal hands over a line at a time, so one call suffices; a line is shorter than a page.
static ssize_t tty_file_read(struct file *f, struct uio *u, off_t *pos) {
    char stack_buf[TTY_CHUNK], *buf = stack_buf;
    size_t size = min(u->left, PAGE_SIZE);

    int err = jobs->may_use(f->private, false);
    if (err)
        return err;
    if (size > sizeof(stack_buf) && !(buf = kmalloc(size, GFP_KERNEL)))
        return -ENOMEM;
    ssize_t n = tty_read(f->private, buf, size, !BLOCKING(f));
    if (n > 0 && copy_to_uio(u, buf, (size_t)n) < (size_t)n)
        n = -EFAULT;
    if (buf != stack_buf)
        kfree(buf);
    return n;
}

static ssize_t tty_file_write(struct file *f, struct uio *u, off_t *pos) {
    char buf[TTY_CHUNK];
    struct termios tio;
    ssize_t done = 0;

    tty_get_termios(f->private, &tio);
    int err = tio.c_lflag & TOSTOP ? jobs->may_use(f->private, true) : 0;
    if (err)
        return err;
    while (u->left) {
        struct uio before = *u;
        size_t want = copy_from_uio(u, buf, min(u->left, sizeof(buf)));
        ssize_t n = want ? tty_write(f->private, buf, want, !BLOCKING(f)) : -EFAULT;
        if (n <= 0) {
            *u = before;
            return done ? done : n;
        }
        done += n;
        if ((size_t)n < want)
            break;
    }
    return done;
}

static uint32_t tty_file_poll(struct file *f, struct poll_table *pt) {
    poll_wait(pt, tty_waitq(f->private));
    return tty_poll(f->private);
}

// /dev/tty is the caller's terminal; opening another one may make it so.
static int tty_file_open(struct inode *i, struct file *f) {
    bool own = i->rdev == DEV_MAKE(5, 0);
    f->private = own ? jobs->current_tty() : tty_console();
    if (!f->private)
        return -ENXIO;
    if (!own && !(f->flags & O_NOCTTY) && i->rdev != DEV_MAKE(5, 1) && !jobs->current_tty())
        jobs->acquire(f->private, false); // not a session leader, or taken: then just not
    return 0;
}

static long get_termios(struct tty *t, uint64_t arg) {
    struct termios tio;
    tty_get_termios(t, &tio);
    return copy_to_user(arg, &tio, sizeof(tio));
}

static long set_termios(struct tty *t, uint32_t cmd, uint64_t arg) {
    struct termios tio;
    int err = jobs->may_use(t, true);
    if (!err)
        err = copy_from_user(&tio, arg, sizeof(tio));
    return err ? err : tty_set_termios(t, &tio, cmd != TCSETS, cmd == TCSETSF);
}

static long get_termios2(struct tty *t, uint64_t arg) {
    struct termios2 tio = {.c_ispeed = 115200, .c_ospeed = 115200};
    tty_get_termios(t, (struct termios *)&tio); // begins with the same members
    return copy_to_user(arg, &tio, sizeof(tio));
}

static long window_size(struct tty *t, uint32_t cmd, uint64_t arg) {
    struct winsize ws;
    if (cmd == TIOCGWINSZ) {
        tty_get_winsize(t, &ws);
        return copy_to_user(arg, &ws, sizeof(ws));
    }
    int err = copy_from_user(&ws, arg, sizeof(ws));
    if (!err)
        tty_set_winsize(t, &ws);
    return err;
}

static long put_int(uint64_t arg, int value) { return copy_to_user(arg, &value, sizeof(value)); }

static long set_foreground(struct tty *t, uint64_t arg) {
    int pgid;
    int err = copy_from_user(&pgid, arg, sizeof(pgid));
    if (!err && jobs->current_tty() != t)
        err = -ENOTTY;
    if (!err)
        err = jobs->may_use(t, true);
    return err ? err : jobs->set_foreground(t, pgid);
}

// What is about sessions and groups, not about the line.
static long job_ioctl(struct tty *t, uint32_t cmd, uint64_t arg) {
    switch (cmd) {
    case TIOCGPGRP:
        return jobs->current_tty() == t ? put_int(arg, tty_pgrp(t)) : -ENOTTY;
    case TIOCSPGRP:
        return set_foreground(t, arg);
    case TIOCGSID:
        return jobs->current_tty() == t ? put_int(arg, tty_session(t)) : -ENOTTY;
    case TIOCSCTTY:
        return jobs->acquire(t, arg == 1);
    case TIOCNOTTY:
        return jobs->current_tty() == t ? jobs->release(t) : -ENOTTY;
    default:
        return -ENOTTY;
    }
}

static long flush(struct tty *t, uint64_t what) {
    if (what > TCIOFLUSH)
        return -EINVAL;
    tty_flush(t, what != TCOFLUSH, what != TCIFLUSH);
    return 0;
}

static long tty_file_ioctl(struct file *f, uint32_t cmd, uint64_t arg) {
    struct tty *t = f->private;

    switch (cmd) {
    case TCGETS:
        return get_termios(t, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(t, cmd, arg);
    case TCGETS2:
        return get_termios2(t, arg);
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(t, cmd - TCSETS2 + TCSETS, arg);
    case TIOCGWINSZ:
    case TIOCSWINSZ:
        return window_size(t, cmd, arg);
    case FIONREAD:
        return put_int(arg, (int)tty_input_available(t));
    case TIOCOUTQ:
        return put_int(arg, 0);
    case TCFLSH:
        return flush(t, arg);
    case TCSBRK:
    case TCSBRKP:
        return tty_drain(t);
    case TCXONC:
        return 0;
    default:
        return job_ioctl(t, cmd, arg);
    }
}

static const struct file_ops tty_file_ops = {
    .read = tty_file_read,
    .write = tty_file_write,
    .poll = tty_file_poll,
    .ioctl = tty_file_ioctl,
    .open = tty_file_open,
};

void ttydev_init(void) {
    chrdev_register((dev_t)DEV_MAKE(5, 0), "tty", 0666, &tty_file_ops);
    chrdev_register((dev_t)DEV_MAKE(5, 1), "console", 0600, &tty_file_ops);
    chrdev_register((dev_t)DEV_MAKE(4, 64), "ttyS0", 0660, &tty_file_ops);
}
