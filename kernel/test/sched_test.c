// Tests of threads, wait queues, sleeping locks and timers. They run in a kernel thread, on as many
// CPUs as there are; each waits for its helpers to be gone.
#include "lib/string.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "sched/mutex.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "test/test.h"

#define MS 1000000UL
#define HELPERS 4

static uint32_t running;             // [a] helpers not finished
static struct waitq done = WAITQ_INIT(done);

static bool gate_open; // helpers of a test begin together: they wait for it

static void wait_gate(void) { wait_event(&done, READ_ONCE(gate_open)); }

static void helper_done(void) {
    atomic_sub(&running, 1);
    waitq_wake_all(&done);
}

static bool start(const char *name, void (*fn)(void *), void *arg) {
    WRITE_ONCE(gate_open, false);
    atomic_add(&running, 1);
    if (kthread_start(name, fn, arg))
        return true;
    atomic_sub(&running, 1);
    return false;
}

static void wait_helpers(void) {
    WRITE_ONCE(gate_open, true);
    waitq_wake_all(&done);
    wait_event(&done, atomic_load(&running) == 0);
}

// ---- ping-pong: two threads hand a counter to and fro

#define ROUNDS 500
static struct waitq ball_q = WAITQ_INIT(ball_q);
static uint32_t ball; // [a] even: ours, odd: the helper's

static void pong(void *arg) {
    for (int i = 0; i < ROUNDS; i++) {
        wait_event(&ball_q, atomic_load(&ball) & 1);
        atomic_add(&ball, 1);
        waitq_wake_one(&ball_q);
    }
    helper_done();
}

static int test_ping_pong(void) {
    ball = 0;
    KEXPECT(start("pong", pong, NULL), "no thread");
    uint64_t from = ktime_ns();
    for (int i = 0; i < ROUNDS; i++) {
        atomic_add(&ball, 1);
        waitq_wake_one(&ball_q);
        wait_event(&ball_q, !(atomic_load(&ball) & 1));
    }
    uint64_t took = ktime_ns() - from;
    wait_helpers();
    KEXPECT(ball == 2 * ROUNDS, "ball %u", ball);
    printk(LOG_INFO, "test: a round trip between two threads takes %lu ns\n", took / ROUNDS);
    return 0;
}

// ---- mutex: nothing is lost although everybody sleeps inside now and then

static struct mutex counter_lock;
static uint64_t counter, inside;

static void count_locked(void *arg) {
    wait_gate();
    for (int i = 0; i < 2000; i++) {
        mutex_lock(&counter_lock);
        if (++inside != 1)
            counter = 1UL << 60; // seen by the test
        uint64_t seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        inside--;
        mutex_unlock(&counter_lock);
    }
    helper_done();
}

static int test_mutex(void) {
    mutex_init(&counter_lock, "test", RANK_PIPE);
    counter = inside = 0;
    for (int i = 0; i < HELPERS; i++)
        KEXPECT(start("mutex", count_locked, NULL), "no thread");
    wait_helpers();
    KEXPECT(counter == 2000 * HELPERS, "counter %lu", counter);
    KEXPECT(mutex_trylock(&counter_lock), "left locked");
    mutex_unlock(&counter_lock);
    return 0;
}

// ---- rwsem: writers alone, readers see pairs that agree

static struct rwsem sem;
static uint64_t pair[2];
static uint32_t mismatches; // [a]

static void sem_reader(void *arg) {
    wait_gate();
    for (int i = 0; i < 2000; i++) {
        down_read(&sem);
        uint64_t first = READ_ONCE(pair[0]);
        if (i % 32 == 0)
            sched_yield();
        if (READ_ONCE(pair[1]) != first)
            atomic_add(&mismatches, 1);
        up_read(&sem);
    }
    helper_done();
}

static void sem_writer(void *arg) {
    wait_gate();
    for (int i = 0; i < 500; i++) {
        down_write(&sem);
        WRITE_ONCE(pair[0], pair[0] + 1);
        if (i % 16 == 0)
            sched_yield();
        WRITE_ONCE(pair[1], pair[1] + 1);
        if (i % 3 == 0)
            downgrade_write(&sem), up_read(&sem);
        else
            up_write(&sem);
        sched_yield();
    }
    helper_done();
}

static int test_rwsem(void) {
    rwsem_init(&sem, "test", RANK_PIPE);
    memset(pair, 0, sizeof pair);
    mismatches = 0;
    for (int i = 0; i < HELPERS; i++)
        KEXPECT(start("rwsem", i % 2 ? sem_writer : sem_reader, NULL), "no thread");
    wait_helpers();
    KEXPECT(mismatches == 0, "%u", mismatches);
    KEXPECT(pair[0] == 500 * HELPERS / 2 && pair[1] == pair[0], "%lu %lu", pair[0], pair[1]);
    KEXPECT(sem.count == 0, "%lu", sem.count);
    return 0;
}

// ---- timers

static uint32_t fired_count; // [a]
static int fired[3];

struct numbered_timer {
    struct timer timer;
    int number;
};

static void note_timer(struct timer *t) {
    int number = container_of(t, struct numbered_timer, timer)->number;
    fired[atomic_add(&fired_count, 1)] = number;
    waitq_wake_all(&done);
}

static int test_timers(void) {
    static struct numbered_timer t[4];
    uint64_t now = ktime_ns();
    fired_count = 0;
    for (int i = 0; i < 4; i++) {
        t[i].number = i;
        timer_init(&t[i].timer, note_timer);
        timer_arm(&t[i].timer, now + (uint64_t)(40 - 10 * i) * MS / 10);
    }
    KEXPECT(timer_cancel(&t[2].timer), "was armed");
    KEXPECT(!timer_cancel(&t[2].timer), "armed no more");
    wait_event(&done, atomic_load(&fired_count) == 3);
    KEXPECT(fired[0] == 3 && fired[1] == 1 && fired[2] == 0, "%d %d %d", fired[0], fired[1],
            fired[2]);
    KEXPECT(ktime_ns() >= now + 4 * MS, "too early");
    return 0;
}

static int test_sleep(void) {
    uint64_t deadline = ktime_ns() + 3 * MS;
    KEXPECT(sleep_until(deadline) == 0, "interrupted");
    KEXPECT(ktime_ns() >= deadline, "woke early");
    struct waitq never = WAITQ_INIT(never);
    int err = wait_event_interruptible_until(&never, false, ktime_ns() + MS);
    KEXPECT(err == -ETIME, "%d", err);
    return 0;
}

// ---- fairness: three hogs on one CPU, one of them nice 5 (weight 335 to 1024)
//
// Time on the CPU divided by weight must be equal, but for what may be owed at the end: a slice,
// and the longest time for which the host stopped this hart (that is charged to whoever ran).

#define HOG_NICE 5
static uint64_t hog_end;
static uint64_t hog_ran[3], hog_stall[3];

static void hog(void *arg) {
    int i = (int)(intptr_t)arg;
    sched_set_affinity(current(), 1);
    sched_set_nice(current(), i == 2 ? HOG_NICE : 0);
    cond_resched(); // moves there
    wait_gate();
    uint64_t ran = current()->sum_exec, stall = 0, now = ktime_ns();
    while (now < hog_end) {
        cond_resched();
        uint64_t resumed = ktime_ns();
        now = ktime_ns();
        for (int j = 0; j < 100; j++)
            now = ktime_ns();
        stall = max(stall, now - resumed);
    }
    sched_yield(); // charges the time
    hog_ran[i] = current()->sum_exec - ran;
    hog_stall[i] = stall;
    helper_done();
}

static int test_fairness(void) {
    for (int i = 0; i < 3; i++)
        KEXPECT(start("hog", hog, (void *)(intptr_t)i), "no thread");
    hog_end = ktime_ns() + 200 * MS;
    wait_helpers();
    uint64_t owed = 0, low = UINT64_MAX, high = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t share = i == 2 ? hog_ran[i] * 1024 / 335 : hog_ran[i];
        low = min(low, share);
        high = max(high, share);
        owed = max(owed, hog_stall[i]);
    }
    owed = 4 * (owed + 6 * MS);
    KEXPECT(high - low < owed, "%lu, %lu and (nice 5) %lu us, may differ by %lu", hog_ran[0] / 1000,
            hog_ran[1] / 1000, hog_ran[2] / 1000, owed / 1000);
    return 0;
}

// ---- lost wake-ups: a token passes round a ring of threads, each sleeping on its own queue

static struct waitq ring_q[HELPERS];
static uint32_t ring_at; // [a] whose turn
#define RING_LAPS 250

static void ring_member(void *arg) {
    uint32_t me = (uint32_t)(uintptr_t)arg;
    for (int i = 0; i < RING_LAPS; i++) {
        wait_event(&ring_q[me], atomic_load(&ring_at) == me);
        uint32_t next = (me + 1) % HELPERS;
        atomic_store(&ring_at, next);
        waitq_wake_one(&ring_q[next]);
    }
    helper_done();
}

static int test_ring(void) {
    ring_at = HELPERS;
    for (uint32_t i = 0; i < HELPERS; i++)
        waitq_init(&ring_q[i]);
    for (uint32_t i = 0; i < HELPERS; i++)
        KEXPECT(start("ring", ring_member, (void *)(uintptr_t)i), "no thread");
    atomic_store(&ring_at, 0);
    waitq_wake_one(&ring_q[0]);
    int err =
        wait_event_interruptible_until(&done, atomic_load(&running) == 0, ktime_ns() + 60000 * MS);
    KEXPECT(err == 0, "the token is lost at %u", ring_at);
    return 0;
}

// ---- births and deaths: threads and stacks come back

static void nothing(void *arg) { helper_done(); }

static int test_churn(void) {
    for (int i = 0; i < 500; i++) {
        KEXPECT(start("churn", nothing, NULL), "no thread at %d", i);
        if (i % 8 == 7)
            wait_helpers();
    }
    wait_helpers();
    sched_check();
    return 0;
}

const struct ktest sched_tests[] = {
    {"sched: ping-pong by wait queue", test_ping_pong},
    {"sched: mutex", test_mutex},
    {"sched: rwsem", test_rwsem},
    {"sched: timers fire in order, cancel works", test_timers},
    {"sched: sleep and timeouts", test_sleep},
    {"sched: CPU time by weight", test_fairness},
    {"sched: no wake-up is lost in a ring", test_ring},
    {"sched: threads start and end", test_churn},
    {NULL, NULL},
};
