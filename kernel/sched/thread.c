// The life of a thread: from the slab and a kernel stack to its last reference.
//
//   kernel stack:  lowest ... guard half below | frames <- sp ... | user trapframe | top
//
// A new thread's saved context makes the first switch to it "return" into thread_trampoline, which
// finishes the switch and calls the entry function on an otherwise empty stack. A user thread's
// entry is return_to_user, which leaves through the frame at the top.
//
// The end: a thread cannot free the stack it stands on. It marks itself DEAD and switches away;
// whoever runs next on this CPU drops the reference that the thread held on itself
// (switch_finish()). Others may hold references (a wait4 in progress, /proc) and look at the
// figures.
//
// Invariant: a thread that is not DEAD or NEW owns one reference on itself.
#include "sched/thread.h"

#include "lib/string.h"
#include "mm/kspace.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "sched/runq.h"

static struct slab_cache *thread_cache;

void thread_init(void) {
    thread_cache = slab_cache_create("thread", sizeof(struct thread), 64, NULL);
}

static void prepare(struct thread *t, const char *name) {
    memset(t, 0, offsetof(struct thread, held));
    t->held.count = 0;
    t->fp_used = false;
    t->fp_cpu = CPU_MAX;
    ref_init(&t->ref, 1);
    strlcpy(t->name, name, sizeof t->name);
    t->state = THREAD_NEW;
    t->last_cpu = cpu_id();
    t->affinity = ~0u;
    t->weight = NICE_0_WEIGHT;
    t->irq_saved = SSTATUS_SIE;
    t->start_ns = ktime_ns();
    list_init(&t->group_link);
}

struct thread *thread_alloc(const char *name) {
    struct thread *t = slab_alloc(thread_cache, GFP_KERNEL);
    if (!t)
        return NULL;
    prepare(t, name);
    t->kstack = kstack_alloc();
    if (!t->kstack) {
        slab_free(thread_cache, t);
        return NULL;
    }
    t->tcb.kstack_top = (vaddr_t)t->kstack + KSTACK_SIZE;
    return t;
}

// sp starts below the room of the user frame, s0 and s1 are what the trampoline takes.
static void set_start(struct thread *t, void (*fn)(void *), void *arg) {
    t->tcb.ctx.ra = (vaddr_t)thread_trampoline;
    t->tcb.ctx.sp = (vaddr_t)tcb_user_frame(&t->tcb);
    t->tcb.ctx.s[0] = (vaddr_t)arg;
    t->tcb.ctx.s[1] = (vaddr_t)fn;
}

static void kthread_main(void *arg) {
    struct thread *t = arg;
    t->entry(t->entry_arg);
    thread_exit();
}

static void user_main(void *arg) {
    struct thread *t = current();
    if (t->entry)
        t->entry(t->entry_arg);
    return_to_user();
    __builtin_unreachable();
}

void thread_set_entry(struct thread *t, void (*fn)(void *), void *arg) {
    t->entry = fn;
    t->entry_arg = arg;
    t->tcb.satp = kernel_satp();
    set_start(t, kthread_main, t);
}

void thread_set_user(struct thread *t, const struct trapframe *frame) {
    *tcb_user_frame(&t->tcb) = *frame;
    set_start(t, user_main, NULL);
}

void thread_start(struct thread *t) {
    assertf(t->state == THREAD_NEW, "%s (%d) started in state %d", t->name, t->tid, t->state);
    sched_activate(t, true);
}

void thread_get(struct thread *t) { ref_get(&t->ref); }

void thread_put(struct thread *t) {
    if (!ref_put(&t->ref))
        return;
    assertf(t->state == THREAD_DEAD || t->state == THREAD_NEW, "%s (%d) freed in state %d", t->name,
            t->tid, t->state);
    kstack_free(t->kstack);
    slab_free(thread_cache, t);
}

void thread_exit(void) {
    struct thread *t = current();
    assertf(t->held.count == 0, "%s (%d) exits with %s locked", t->name, t->tid,
            t->held.entry[0].name);
    sched_exit();
}

struct thread *kthread_start(const char *name, void (*fn)(void *), void *arg) {
    struct thread *t = thread_alloc(name);
    if (!t)
        return NULL;
    thread_set_entry(t, fn, arg);
    thread_start(t);
    return t;
}
