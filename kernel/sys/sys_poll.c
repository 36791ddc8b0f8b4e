// Waiting for many files: ppoll(2), and pselect6(2), whose sets become a list and back.
//
// A signal mask that is given counts for the time of the call. When a signal ends the wait, its
// handler runs under that mask too, and the old one comes back after it (signal_mask_end).
// The time left is written back, so that a call that is restarted does not wait anew.
#include "abi/errno.h"
#include "abi/signal.h"
#include "fs/poll.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "sched/timer.h"
#include "sys/args.h"
#include "sys/convert.h"
#include "sys/syscall.h"

#define POLL_SHORT 8 // descriptors that fit on the stack

struct patience { // how long a call may wait, and under which signal mask
    uaddr_t timeout;   // struct timespec of the user; 0: for ever
    uint64_t deadline; // ktime_ns; 0: don't wait; UINT64_MAX: for ever
    bool masked;
    uint64_t mask;
};

static int get_deadline(struct patience *p) {
    struct timespec ts;
    p->deadline = UINT64_MAX;
    if (!p->timeout)
        return 0;
    if (copy_from_user(&ts, p->timeout, sizeof(ts)))
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    uint64_t ns = timespec_to_ns(&ts);
    p->deadline = ns == 0 ? 0 : ns > UINT64_MAX / 2 ? UINT64_MAX : ktime_ns() + ns;
    return 0;
}

static int get_mask(struct patience *p, uaddr_t user, uint64_t size) {
    p->masked = user != 0;
    if (!user)
        return 0;
    if (size != sizeof(p->mask))
        return -EINVAL;
    return copy_from_user(&p->mask, user, sizeof(p->mask));
}

static void begin(const struct patience *p) {
    if (p->masked)
        signal_mask_begin(p->mask);
}

static long end(const struct patience *p, long ret) {
    if (p->masked)
        signal_mask_end(ret == -EINTR);
    if (!p->timeout || p->deadline == UINT64_MAX)
        return ret;
    uint64_t now = ktime_ns();
    struct timespec left = ns_to_timespec(p->deadline > now ? p->deadline - now : 0);
    (void)!copy_to_user(p->timeout, &left, sizeof(left)); // a read-only one is left alone
    return ret;
}

// ---- poll

static long poll_copied(uaddr_t user, struct pollfd *fds, size_t n, uint64_t deadline) {
    if (copy_from_user(fds, user, n * sizeof(*fds)))
        return -EFAULT;
    int ready = poll_files(current_files(), fds, n, deadline);
    if (ready >= 0 && copy_to_user(user, fds, n * sizeof(*fds)))
        return -EFAULT;
    return ready;
}

static long poll_alloc(uaddr_t user, size_t n, uint64_t deadline) {
    struct pollfd few[POLL_SHORT], *fds = few;
    if (n > POLL_SHORT && !(fds = kmalloc_array(n, sizeof(*fds), GFP_KERNEL)))
        return -ENOMEM;
    long ret = poll_copied(user, fds, n, deadline);
    if (fds != few)
        kfree(fds);
    return ret;
}

long sys_ppoll(uint64_t user, uint64_t n, uint64_t timeout, uint64_t mask, uint64_t mask_size) {
    struct patience p = {.timeout = timeout};
    int err = get_deadline(&p);
    if (!err)
        err = get_mask(&p, mask, mask_size);
    if (!err && n > current_limit(RLIMIT_NOFILE))
        err = -EINVAL;
    if (err)
        return err;
    begin(&p);
    return end(&p, poll_alloc(user, n, p.deadline));
}

// ---- select

// What select calls readable, writable and exceptional (select(2), "Correspondence").
static const uint32_t set_events[3] = {
    POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
    POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
    POLLPRI,
};

struct select {
    int nfds;
    size_t words;       // of each set
    uaddr_t user[3];    // read, write, except; 0: none
    uint64_t *set[3];   // kernel copies
    struct pollfd *fds; // the descriptors in any set
    size_t count;
};

static int get_sets(struct select *s) {
    for (int k = 0; k < 3; k++)
        if (s->user[k] && copy_from_user(s->set[k], s->user[k], s->words * 8))
            return -EFAULT;
    return 0;
}

static void make_list(struct select *s) {
    for (int fd = 0; fd < s->nfds; fd++) {
        uint32_t events = 0;
        for (int k = 0; k < 3; k++)
            if (bit_test(s->set[k], (size_t)fd))
                events |= set_events[k];
        if (events)
            s->fds[s->count++] = (struct pollfd){.fd = fd, .events = (int16_t)events};
    }
}

// The answer in the sets: how many bits, or -EBADF.
static int fill_sets(struct select *s) {
    int bits = 0;

    for (size_t i = 0; i < s->count; i++) {
        size_t fd = (size_t)s->fds[i].fd;
        uint32_t got = (uint16_t)s->fds[i].revents;
        if (got & POLLNVAL)
            return -EBADF;
        for (int k = 0; k < 3; k++) {
            if (!bit_test(s->set[k], fd))
                continue;
            if (got & set_events[k])
                bits++;
            else
                bit_clear(s->set[k], fd);
        }
    }
    return bits;
}

static int put_sets(const struct select *s) {
    for (int k = 0; k < 3; k++)
        if (s->user[k] && copy_to_user(s->user[k], s->set[k], s->words * 8))
            return -EFAULT;
    return 0;
}

static long select_locked_sets(struct select *s, uint64_t deadline) {
    int ready = get_sets(s);
    if (ready)
        return ready;
    make_list(s);
    ready = poll_files(current_files(), s->fds, s->count, deadline);
    if (ready < 0)
        return ready;
    ready = fill_sets(s);
    int err = ready < 0 ? ready : put_sets(s);
    return err ? err : ready;
}

static long select_alloc(struct select *s, uint64_t deadline) {
    uint64_t *bits = kzalloc(max(s->words, (size_t)1) * 8 * 3, GFP_KERNEL);
    s->fds = kmalloc_array((size_t)s->nfds + 1, sizeof(*s->fds), GFP_KERNEL);
    long ret = -ENOMEM;

    if (bits && s->fds) {
        for (int k = 0; k < 3; k++)
            s->set[k] = bits + (size_t)k * s->words;
        ret = select_locked_sets(s, deadline);
    }
    kfree(bits);
    kfree(s->fds);
    return ret;
}

// The sixth argument: a pointer to {mask, its size}.
static int get_mask_pair(struct patience *p, uaddr_t user) {
    struct {
        uint64_t set, size;
    } arg = {0};

    if (user && copy_from_user(&arg, user, sizeof(arg)))
        return -EFAULT;
    return get_mask(p, arg.set, arg.size);
}

long sys_pselect6(uint64_t nfds, uint64_t readfds, uint64_t writefds, uint64_t exceptfds,
                  uint64_t timeout, uint64_t mask_arg) {
    struct select s = {.nfds = (int)nfds, .user = {readfds, writefds, exceptfds}};
    struct patience p = {.timeout = timeout};

    if (s.nfds < 0)
        return -EINVAL;
    s.nfds = (int)min((uint64_t)s.nfds, current_limit(RLIMIT_NOFILE)); // no descriptor lies beyond
    s.words = BITMAP_WORDS((size_t)s.nfds);
    int err = get_deadline(&p);
    if (!err)
        err = get_mask_pair(&p, mask_arg);
    if (err)
        return err;
    begin(&p);
    return end(&p, select_alloc(&s, p.deadline));
}
