// pselect6(2): the sets of select(2) become a list for poll_files(), and back.
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

#define SELECT_MAX 65536

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

// The time left, for the caller (Linux does so).
static void put_time_left(uaddr_t user, uint64_t deadline) {
    uint64_t now = ktime_ns();
    struct timespec left = ns_to_timespec(deadline > now ? deadline - now : 0);
    (void)!copy_to_user(user, &left, sizeof(left)); // a read-only one is left alone
}

// The sixth argument: a pointer to {mask, its size}.
static int get_mask(uaddr_t user, uint64_t *mask, bool *given) {
    struct {
        uint64_t set, size;
    } arg;

    *given = false;
    if (!user)
        return 0;
    if (copy_from_user(&arg, user, sizeof(arg)))
        return -EFAULT;
    if (!arg.set)
        return 0;
    *given = true;
    if (arg.size != sizeof(*mask))
        return -EINVAL;
    return copy_from_user(mask, arg.set, sizeof(*mask));
}

long sys_pselect6(uint64_t nfds, uint64_t readfds, uint64_t writefds, uint64_t exceptfds,
                  uint64_t timeout, uint64_t mask_arg) {
    struct select s = {.nfds = (int)nfds, .user = {readfds, writefds, exceptfds}};
    uint64_t deadline = UINT64_MAX, mask, old;
    struct timespec ts;
    bool masked;

    if (s.nfds < 0 || s.nfds > SELECT_MAX)
        return -EINVAL;
    s.words = BITMAP_WORDS((size_t)s.nfds);
    if (timeout) {
        if (copy_from_user(&ts, timeout, sizeof(ts)))
            return -EFAULT;
        if (!timespec_valid(&ts))
            return -EINVAL;
        uint64_t ns = timespec_to_ns(&ts);
        deadline = ns == 0 ? 0 : ns > UINT64_MAX / 2 ? UINT64_MAX : ktime_ns() + ns;
    }
    int err = get_mask(mask_arg, &mask, &masked);
    if (err)
        return err;
    if (masked)
        signal_mask(SIG_SETMASK, &mask, &old);
    long ret = select_alloc(&s, deadline);
    if (masked)
        signal_mask(SIG_SETMASK, &old, NULL);
    if (timeout && deadline != UINT64_MAX)
        put_time_left(timeout, deadline);
    return ret;
}
