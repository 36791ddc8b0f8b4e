// poll(2) and its like: waiting on many queues at once.
//
//   ask every file, entering its queues  ->  something ready, or the time is up: leave the queues
//        ^                                      |
//        +---- woken: leave the queues <-- sleep-+
//
// A file's poll operation enters us into its queues before it looks at its state; a second look is
// taken after the thread's state was set, so that a change after it wakes us. The entries live in
// chunks; the first is on the stack and does for a few files.
#include "fs/poll.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "sched/timer.h"
#include "sched/waitq.h"

#define STACK_ENTRIES 6
#define CHUNK_ENTRIES 40

struct poll_entry {
    struct waitq *q;
    struct file *file; // held: the queue is its
    struct wait_entry wait;
};

struct poll_chunk {
    struct poll_chunk *next;
    struct poll_entry entry[CHUNK_ENTRIES];
};

struct poll_table {
    struct poll_chunk *chunks; // newest first
    uint32_t used;             // entries, all in all
    bool failed;               // out of memory
    struct file *file;         // being asked
    struct poll_entry first[STACK_ENTRIES];
};

static struct poll_entry *new_entry(struct poll_table *pt) {
    if (pt->used < STACK_ENTRIES)
        return &pt->first[pt->used++];
    uint32_t n = (pt->used - STACK_ENTRIES) % CHUNK_ENTRIES;
    if (n == 0) {
        struct poll_chunk *c = kmalloc(sizeof(*c), GFP_KERNEL);
        if (!c)
            return NULL;
        c->next = pt->chunks;
        pt->chunks = c;
    }
    pt->used++;
    return &pt->chunks->entry[n];
}

void poll_wait(struct poll_table *pt, struct waitq *q) {
    if (!pt || pt->failed)
        return;
    struct poll_entry *e = new_entry(pt);
    if (!e) {
        pt->failed = true;
        return;
    }
    *e = (struct poll_entry){.q = q, .file = pt->file};
    file_get(e->file);
    waitq_prepare(q, &e->wait, THREAD_RUNNING); // not asleep yet: see look_and_sleep()
}

static void leave(struct poll_entry *e) {
    waitq_finish(e->q, &e->wait);
    file_put(e->file);
}

static void leave_all(struct poll_table *pt) {
    for (uint32_t n = min(pt->used, (uint32_t)STACK_ENTRIES); n-- > 0;)
        leave(&pt->first[n]);
    uint32_t left = pt->used > STACK_ENTRIES ? pt->used - STACK_ENTRIES : 0;
    while (pt->chunks) {
        struct poll_chunk *c = pt->chunks;
        uint32_t n = left % CHUNK_ENTRIES ? left % CHUNK_ENTRIES : CHUNK_ENTRIES;
        left -= n;
        while (n-- > 0)
            leave(&c->entry[n]);
        pt->chunks = c->next;
        kfree(c);
    }
    pt->used = 0;
}

static uint32_t ask(struct fdtable *t, int fd, struct poll_table *pt) {
    struct file *f = fd_get(t, fd);
    if (!f || f->flags & O_PATH) {
        if (f)
            file_put(f);
        return POLLNVAL;
    }
    uint32_t ready = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    if (f->ops->poll) {
        if (pt)
            pt->file = f;
        ready = f->ops->poll(f, pt);
    }
    file_put(f);
    return ready;
}

// How many have events. Once one has, the rest need no queue.
static int ask_all(struct fdtable *t, struct pollfd *fds, size_t n, struct poll_table *pt) {
    int ready = 0;

    for (size_t k = 0; k < n; k++) {
        fds[k].revents = 0;
        if (fds[k].fd < 0)
            continue;
        uint32_t wanted = (uint16_t)fds[k].events | POLLERR | POLLHUP | POLLNVAL;
        fds[k].revents = (int16_t)(ask(t, fds[k].fd, ready ? NULL : pt) & wanted);
        ready += fds[k].revents != 0;
    }
    return ready;
}

// Sleeps unless something became ready since the queues were entered. The state is set before the
// second look, in which nothing sleeps or allocates.
static int look_and_sleep(struct fdtable *t, struct pollfd *fds, size_t n, uint64_t deadline,
                          bool *woken) {
    WRITE_ONCE(current()->state, THREAD_INTERRUPTIBLE);
    fence_full();
    int ready = ask_all(t, fds, n, NULL);
    if (!ready && signal_pending())
        ready = -EINTR;
    if (!ready)
        *woken = schedule_until(deadline);
    WRITE_ONCE(current()->state, THREAD_RUNNING);
    return ready;
}

int poll_files(struct fdtable *t, struct pollfd *fds, size_t n, uint64_t deadline) {
    struct poll_table pt = {0};

    for (;;) {
        bool woken = true;
        int ready = ask_all(t, fds, n, deadline ? &pt : NULL);
        if (!ready && pt.failed)
            ready = -ENOMEM;
        if (!ready && deadline)
            ready = look_and_sleep(t, fds, n, deadline, &woken);
        leave_all(&pt);
        if (ready || !deadline)
            return ready;
        if (!woken) // the time is up: a last look
            deadline = 0;
    }
}
