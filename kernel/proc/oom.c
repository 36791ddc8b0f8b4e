// The OOM killer: when there is no frame and reclaim finds none either, one process ends.
//
//   score(p) = resident pages + swapped pages + page tables + oom_score_adj * all memory / 1000
//
// is Linux's: what its end gives back, shifted by what the owner says. The largest is the victim.
// Never init, never one with oom_score_adj -1000; kernel threads are no processes. Whoever shares
// the victim's address space ends with it, else nothing would come free.
//
//   no frame -------> somebody ending already?  yes: wait for it --------------> try again
//                                                 no:  report, choose, kill, wait -> try again
//                                                                          (ourselves: die)
//
// A victim's threads may use the reserves below the watermarks, so that they reach their exit; a
// victim that takes longer than PATIENCE_NS is passed over, and the next one goes.
//
// A fault that finds nobody to end ends its own process. The kernel's other requests have an error
// to return: for them a process ends only if it holds a good part of memory.
//
// Locks: callers may hold any sleeping lock, and the victim may wait for it, so nobody waits here
// without a bound, and nothing is put whose last reference would take locks (an mm, a file):
// figures are read under proc_lock, which keeps p->mm. One caller at a time chooses; others nap.
// Rejected: unmapping the victim from outside (Linux's reaper): exit frees memory before it takes
// any lock that an allocation may hold.
#include "abi/errno.h"
#include "fs/procfs.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/stat.h"
#include "proc/internal.h"
#include "proc/signal.h"
#include "sched/timer.h"
#include "vm/mm.h"
#include "vm/oom.h"

#define PATIENCE_NS 2000000000UL
#define REPORT_NS 1000000000UL
#define WORTH 16 // an allocation that can fail ends only who holds this part of memory
#define NAP_NS 10000000UL
#define ADJ_MIN (-1000)
#define ADJ_MAX 1000
#define NEVER INT64_MIN

static uint64_t kib(uint64_t pages) { return pages * (PAGE_SIZE / 1024); }

static uint64_t kill_allocating_task; // /proc/sys/vm/oom_kill_allocating_task
static uint32_t choosing;             // [a] somebody is
static uint32_t ends;                 // [a] processes that gave their memory back so far
static struct waitq end_q = WAITQ_INIT(end_q);

void oom_note_exit(struct process *p) {
    atomic_add(&ends, 1);
    waitq_wake_all(&end_q);
}

// What its end gives back. proc_lock held, which keeps p->mm.
static uint64_t pages_of(const struct process *p) {
    return p->mm ? mm_rss(p->mm) + p->mm->swap_entries + mm_table_pages(p->mm) : 0;
}

static int64_t score_locked(const struct process *p) {
    if (p == init_process || p->oom_score_adj == ADJ_MIN || !p->mm)
        return NEVER;
    return (int64_t)pages_of(p) + p->oom_score_adj * (int64_t)mem_total_pages() / 1000;
}

// ---- the report

struct figures { // of one process, taken together
    char name[16];
    int pid, adj;
    uint32_t uid;
    uint64_t total, anon, file, shmem, tables, swap;
};

// proc_lock held. False: it has no memory any more.
static bool figures_locked(const struct process *p, struct figures *f) {
    const struct mm *mm = p->mm;
    if (!mm)
        return false;
    *f = (struct figures){
        .pid = p->pid->nr,
        .adj = p->oom_score_adj,
        .uid = p->fs ? p->fs->uid : p->uid,
        .total = mm->total_pages,
        .anon = mm->rss_anon,
        .file = mm->rss_file,
        .shmem = mm->rss_shmem,
        .tables = mm_table_pages(mm),
        .swap = mm->swap_entries,
    };
    strlcpy(f->name, p->leader ? p->leader->name : p->name, sizeof f->name);
    return true;
}

static void show_task(int pid) {
    struct figures f;
    spin_lock(&proc_lock);
    struct process *p = process_find_locked(pid);
    bool found = p && figures_locked(p, &f);
    spin_unlock(&proc_lock);
    if (found)
        printk(LOG_WARNING, "[%7d] %5u %5d %8lu %8lu %8lu %8lu %9lu %14lu %8lu %13d %s\n", f.pid,
               f.uid, f.pid, f.total, f.anon + f.file + f.shmem, f.anon, f.file, f.shmem,
               f.tables * PAGE_SIZE, f.swap, f.adj, f.name);
}

static void show_tasks(void) {
    printk(LOG_WARNING, "Tasks state (memory values in pages):\n");
    printk(LOG_WARNING, "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
                        "pgtables_bytes swapents oom_score_adj name\n");
    for (int pid = 1; process_next(&pid); pid++)
        show_task(pid);
}

// The long part at most once in REPORT_NS: a fork bomb would fill the log. One caller at a time.
static void report(const struct figures *v, const char *why) {
    static uint64_t next;
    int adj = current_proc() ? current_proc()->oom_score_adj : 0;
    if (ktime_ns() >= next) {
        printk(LOG_WARNING, "%s invoked oom-killer: gfp_mask=%#x, order=0, oom_score_adj=%d\n",
               current()->name, GFP_USER, adj);
        oom_show_memory();
        show_tasks();
        next = ktime_ns() + REPORT_NS;
    }
    printk(LOG_ERR,
           "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
           "shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
           why, v->pid, v->name, kib(v->total), kib(v->anon), kib(v->file), kib(v->shmem), v->uid,
           kib(v->tables), v->adj);
}

// ---- the choice

// Everybody who lives in p's memory ends, with the reserves at hand. proc_lock held.
static void end_sharers(struct process *p) {
    struct process *q;
    struct thread *t;
    list_for_each(q, &all_processes, all_link) {
        if (q != p && (q->mm != p->mm || !p->mm || q == init_process))
            continue;
        list_for_each(t, &q->threads, group_link)
            WRITE_ONCE(t->tcb.use_reserves, true);
        process_kill_locked(q, SIGKILL);
    }
}

// A process that is ending and has memory to give. proc_lock held.
static struct process *find_ending(void) {
    struct process *p;
    list_for_each(p, &all_processes, all_link)
        if (p->group_exit && p->mm && !p->oom_passed && p != init_process)
            return p;
    return NULL;
}

// The process with the largest score. proc_lock held.
static struct process *choose(void) {
    struct process *p, *worst = NULL;
    int64_t most = NEVER;
    list_for_each(p, &all_processes, all_link) {
        int64_t s = p->oom_passed ? NEVER : score_locked(p);
        if (s != NEVER && s >= most) { // of equal ones the youngest, as on Linux
            worst = p;
            most = s;
        }
    }
    return worst;
}

// Who ends, held: it has been told. NULL: nobody can, or it is not worth it.
static struct process *victim(bool must) {
    struct process *self = current_proc(), *p;
    struct figures f;
    spin_lock(&proc_lock);
    p = find_ending(); // no second one for the same shortage
    bool new = !p, own = new && kill_allocating_task && self && score_locked(self) != NEVER;
    if (new)
        p = own ? self : choose();
    if (p && new && !must && pages_of(p) < mem_total_pages() / WORTH)
        p = NULL;
    new = p && new && figures_locked(p, &f);
    if (p) {
        process_get(p);
        end_sharers(p);
    }
    spin_unlock(&proc_lock);
    if (new) {
        mm_stat_add(OOM_KILLS, 1);
        report(&f, own ? "Out of memory (oom_kill_allocating_task)" : "Out of memory");
    } else if (!p && must) {
        printk(LOG_ERR, "Out of memory and no killable processes...\n");
    }
    return p;
}

// ---- waiting

static void nap(uint32_t seen, uint64_t deadline) {
    struct wait_entry e = {0};
    waitq_prepare(&end_q, &e, THREAD_SLEEPING);
    if (atomic_load(&ends) == seen)
        schedule_until(deadline);
    waitq_finish(&end_q, &e);
}

static void wait_for(struct process *p) {
    uint64_t deadline = ktime_ns() + PATIENCE_NS;
    while (READ_ONCE(p->mm) && !current_tcb->use_reserves && ktime_ns() < deadline)
        nap(atomic_load(&ends), min(deadline, ktime_ns() + NAP_NS));
    if (READ_ONCE(p->mm) && ktime_ns() >= deadline)
        p->oom_passed = true;
}

static bool kill_somebody(bool must) {
    if (atomic_swap(&choosing, 1)) {
        nap(atomic_load(&ends), ktime_ns() + NAP_NS);
        return true;
    }
    struct process *p = victim(must);
    atomic_store(&choosing, 0);
    if (!p)
        return false;
    wait_for(p);
    process_put(p);
    return !current_tcb->use_reserves;
}

// ---- /proc

int procfs_show_oom_score(struct textbuf *b, struct process *p) {
    int64_t total = (int64_t)mem_total_pages(), points = 0;
    spin_lock(&proc_lock);
    int64_t s = score_locked(p);
    spin_unlock(&proc_lock);
    if (s != NEVER) // Linux's scale: 0 .. 2000, a process that uses nothing has 667
        points = (1000 + s * 1000 / total) * 2 / 3;
    text_printf(b, "%ld\n", max(points, 0L));
    return 0;
}

int procfs_show_oom_score_adj(struct textbuf *b, struct process *p) {
    text_printf(b, "%d\n", p->oom_score_adj);
    return 0;
}

// Only root may make a process safer than it was.
int procfs_store_oom_score_adj(const char *text, size_t n, struct process *p) {
    bool minus = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    uint64_t value;
    int err = procfs_parse_number(text + minus, n - minus, 0, ADJ_MAX, &value);
    if (err)
        return err;
    int adj = minus ? -(int)value : (int)value;
    spin_lock(&proc_lock);
    err = process_may_touch_locked(p);
    if (!err && adj < p->oom_score_adj && current_fs()->euid != 0)
        err = -EACCES;
    if (!err)
        p->oom_score_adj = adj;
    spin_unlock(&proc_lock);
    return err;
}

void oom_init(void) {
    static struct procfs_number number = {&kill_allocating_task, .max = 1};
    static const struct procfs_file file = {.path = "sys/vm/oom_kill_allocating_task", .mode = 0644,
                                            .show = procfs_show_number,
                                            .store = procfs_store_number, .arg = &number};
    oom_set_killer(kill_somebody);
    procfs_add(&file);
}
