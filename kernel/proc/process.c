// struct process: its references, looking it up, and its figures.
//
// References: one for being in the tree (dropped by the wait), one for each thread (dropped when
// the thread ends), and those of people who look (procfs, signals in progress). The last frees
// memory only; everything of weight (mm, files, number) has gone at the exit or at the wait.
#include "proc/process.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "proc/signal.h"
#include "sched/timer.h"
#include "vm/mm.h"

struct spinlock proc_lock = SPINLOCK_INIT("proc", RANK_PID);
struct list all_processes = LIST_INIT(all_processes);
struct process *init_process;

static struct slab_cache *process_cache;

struct process *process_alloc(void) {
    struct process *p = slab_alloc(process_cache, GFP_KERNEL | GFP_ZERO);
    if (!p)
        return NULL;
    ref_init(&p->ref, 1);
    list_init(&p->group_link);
    list_init(&p->all_link);
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->threads);
    waitq_init(&p->wait_q);
    p->start_ns = ktime_ns();
    return p;
}

void process_put(struct process *p) {
    if (!ref_put(&p->ref))
        return;
    assertf(p->nthreads == 0 && !p->mm && !p->files && !p->fs && !p->actions, "process %p", p);
    slab_free(process_cache, p);
}

struct process *process_find_locked(int pid) {
    struct pid *n = pid_find_locked(pid);
    return n ? n->proc : NULL;
}

struct process *process_find(int pid) {
    spin_lock(&proc_lock);
    struct process *p = process_find_locked(pid);
    if (p)
        process_get(p);
    spin_unlock(&proc_lock);
    return p;
}

bool process_next(int *pid) {
    bool found = false;
    spin_lock(&proc_lock);
    for (struct pid *n; (n = pid_next_locked(pid)) != NULL; ++*pid)
        if (n->proc) {
            found = true;
            break;
        }
    spin_unlock(&proc_lock);
    return found;
}

struct mm *process_mm(struct process *p) {
    spin_lock(&proc_lock);
    struct mm *mm = p->mm;
    if (mm)
        mm_get(mm);
    spin_unlock(&proc_lock);
    return mm;
}

struct fdtable *process_files(struct process *p) {
    spin_lock(&proc_lock);
    struct fdtable *t = p->files;
    if (t)
        ref_get(&t->ref);
    spin_unlock(&proc_lock);
    return t;
}

struct fsctx *process_fs(struct process *p) {
    spin_lock(&proc_lock);
    struct fsctx *c = p->fs;
    if (c)
        ref_get(&c->ref);
    spin_unlock(&proc_lock);
    return c;
}

int process_count(void) {
    int n = 0;
    struct process *p;
    spin_lock(&proc_lock);
    list_for_each(p, &all_processes, all_link)
        n += p->nthreads;
    spin_unlock(&proc_lock);
    return n;
}

int process_ppid(struct process *p) {
    spin_lock(&proc_lock);
    int ppid = p->parent ? p->parent->pid->nr : 0;
    spin_unlock(&proc_lock);
    return ppid;
}

void usage_add(struct usage *to, const struct usage *from) {
    to->utime += from->utime;
    to->stime += from->stime;
    to->minflt += from->minflt;
    to->majflt += from->majflt;
    to->nvcsw += from->nvcsw;
    to->nivcsw += from->nivcsw;
    to->maxrss_pages = max(to->maxrss_pages, from->maxrss_pages);
}

// A thread's own figures. For the current one the time since its last mark counts, as kernel time.
void thread_usage(struct thread *t, struct usage *out) {
    uint64_t stime = t->stime + (t == current() ? time_read() - t->time_mark : 0);
    *out = (struct usage){ticks_to_ns(t->utime), ticks_to_ns(stime), t->minflt, t->majflt,
                          t->nvcsw, t->nivcsw, 0};
}

void process_usage(struct process *p, struct usage *out) {
    struct thread *t;
    struct usage one;
    spin_lock(&proc_lock);
    *out = p->dead;
    list_for_each(t, &p->threads, group_link) {
        thread_usage(t, &one);
        usage_add(out, &one);
    }
    if (p->mm)
        out->maxrss_pages = max(out->maxrss_pages, mm_hiwater_rss(p->mm));
    spin_unlock(&proc_lock);
}

int process_may_touch_locked(struct process *p) {
    const struct fsctx *mine = current_fs(), *theirs = p->fs;
    if (p == current_proc() || mine->euid == 0 || !theirs) // no fs: a zombie
        return 0;
    bool ok = mine->euid == theirs->suid || mine->euid == theirs->uid ||
              mine->uid == theirs->suid || mine->uid == theirs->uid;
    return ok ? 0 : -EPERM;
}

int process_may_trace_locked(struct process *p) {
    const struct fsctx *mine = current_fs(), *theirs = p->fs;
    if (p == current_proc() || mine->euid == 0 || !theirs)
        return 0;
    bool same = mine->uid == theirs->uid && mine->uid == theirs->euid &&
                mine->uid == theirs->suid && mine->gid == theirs->gid &&
                mine->gid == theirs->egid && mine->gid == theirs->sgid;
    return same && p->dumpable ? 0 : -EPERM;
}

void process_init(void) {
    process_cache = slab_cache_create("process", sizeof(struct process), 64, NULL);
    pid_init();
    signal_init();
    oom_init();
}
