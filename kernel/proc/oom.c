// The OOM killer: when a fault finds no frame and reclaim none either, one process ends.
//
//   score(p) = resident pages + swapped pages + page tables + oom_score_adj * all memory / 1000
//
// is Linux's: what its end gives back, shifted by what the owner says. The largest is the victim.
// Never init, never one with oom_score_adj -1000; kernel threads are no processes. Whoever shares
// the victim's address space ends with it, else nothing would come free.
//
//   fault, no frame --> somebody ending already?  yes: wait for it --------------> try again
//                                                 no:  report, choose, kill, wait -> try again
//                                                                          (ourselves: die)
//
// A victim's threads may use the reserves below the watermarks, so that they reach their exit; a
// victim that takes longer than PATIENCE_NS is passed over, and the next one goes.
//
// Locks: callers may hold locks that the victim waits for (a copy to user memory), so nobody waits
// here without a bound. One caller at a time chooses; the others nap. Rejected: unmapping the
// victim from outside (Linux's reaper): exit here takes no lock that a fault holds for long.
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
#define NAP_NS 10000000UL
#define ADJ_MIN (-1000)
#define ADJ_MAX 1000
#define NEVER INT64_MIN

static uint64_t kill_allocating_task; // /proc/sys/vm/oom_kill_allocating_task
static uint32_t choosing;             // [a] somebody is
static uint32_t ends;                 // [a] processes that gave their memory back so far
static struct waitq end_q = WAITQ_INIT(end_q);

void oom_note_exit(struct process *p) {
    atomic_add(&ends, 1);
    waitq_wake_all(&end_q);
}

static int64_t score(struct process *p, uint64_t total) {
    struct mm *mm = p == init_process || p->oom_score_adj == ADJ_MIN ? NULL : process_mm(p);
    if (!mm)
        return NEVER;
    uint64_t pages = mm_rss(mm) + mm->swap_entries + mm_table_pages(mm);
    mm_put(mm);
    return (int64_t)pages + p->oom_score_adj * (int64_t)(total / 1000);
}

static void describe(struct process *p, char name[16], uint32_t *uid) {
    spin_lock(&proc_lock);
    strlcpy(name, p->leader ? p->leader->name : p->name, 16);
    *uid = p->fs ? p->fs->uid : p->uid;
    spin_unlock(&proc_lock);
}

// ---- the report

static void show_task(struct process *p) {
    struct mm *mm = process_mm(p);
    uint32_t uid;
    char name[16];
    if (!mm)
        return;
    describe(p, name, &uid);
    printk(LOG_WARNING, "[%7d] %5u %5d %8lu %8lu %8lu %8lu %9lu %8lu %8lu         %5d %s\n",
           p->pid->nr, uid, p->pid->nr, mm->total_pages, mm_rss(mm), mm->rss_anon, mm->rss_file,
           mm->rss_shmem, mm_table_pages(mm) * PAGE_SIZE, mm->swap_entries, p->oom_score_adj, name);
    mm_put(mm);
}

static void report(void) {
    int adj = current_proc() ? current_proc()->oom_score_adj : 0;
    printk(LOG_WARNING, "%s invoked oom-killer: gfp_mask=%#x, order=0, oom_score_adj=%d\n",
           current()->name, GFP_USER, adj);
    oom_show_memory();
    printk(LOG_WARNING, "Tasks state (memory values in pages):\n");
    printk(LOG_WARNING, "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
                        "pgtables_bytes swapents oom_score_adj name\n");
    for (int pid = 1; process_next(&pid); pid++) {
        struct process *p = process_find(pid);
        if (!p)
            continue;
        show_task(p);
        process_put(p);
    }
}

// ---- the choice

// A process that is ending and has memory to give, held; NULL: none.
static struct process *find_ending(void) {
    struct process *p, *found = NULL;
    spin_lock(&proc_lock);
    list_for_each(p, &all_processes, all_link)
        if (p->group_exit && p->mm && !p->oom_passed && p != init_process) {
            process_get(p);
            found = p;
            break;
        }
    spin_unlock(&proc_lock);
    return found;
}

// The process with the largest score, held; NULL: nobody may be ended.
static struct process *choose(void) {
    uint64_t total = mem_total_pages();
    struct process *worst = NULL;
    int64_t most = NEVER;
    for (int pid = 1; process_next(&pid); pid++) {
        struct process *p = process_find(pid);
        int64_t s = p && !p->oom_passed ? score(p, total) : NEVER;
        if (s > most) {
            if (worst)
                process_put(worst);
            worst = p;
            most = s;
        } else if (p) {
            process_put(p);
        }
    }
    return worst;
}

// Everybody who lives in p's memory ends, with the reserves at hand.
static void end_sharers(struct process *p) {
    struct process *q;
    struct thread *t;
    spin_lock(&proc_lock);
    list_for_each(q, &all_processes, all_link) {
        if (q != p && (q->mm != p->mm || !p->mm || q == init_process))
            continue;
        list_for_each(t, &q->threads, group_link)
            WRITE_ONCE(t->tcb.use_reserves, true);
        process_kill_locked(q, SIGKILL);
    }
    spin_unlock(&proc_lock);
}

static void kill_victim(struct process *p, const char *why) {
    struct mm *mm = process_mm(p);
    uint32_t uid;
    char name[16];
    if (mm) {
        describe(p, name, &uid);
        printk(LOG_ERR,
               "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
               "shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d\n",
               why, p->pid->nr, name, mm->total_pages * 4, mm->rss_anon * 4, mm->rss_file * 4,
               mm->rss_shmem * 4, uid, mm_table_pages(mm) * 4,
               p->oom_score_adj);
        mm_put(mm);
    }
    mm_stat_add(OOM_KILLS, 1);
    end_sharers(p);
}

// Who is to end, held. It has been told. NULL: nobody can.
static struct process *victim(void) {
    struct process *p = find_ending(), *self = current_proc();
    if (p) { // no second one for the same shortage
        end_sharers(p);
        return p;
    }
    report();
    if (kill_allocating_task && self && score(self, mem_total_pages()) != NEVER) {
        process_get(self);
        kill_victim(self, "Out of memory (oom_kill_allocating_task)");
        return self;
    }
    p = choose();
    if (p)
        kill_victim(p, "Out of memory");
    else
        printk(LOG_ERR, "Out of memory and no killable processes...\n");
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

static bool kill_somebody(void) {
    if (atomic_swap(&choosing, 1)) {
        nap(atomic_load(&ends), ktime_ns() + NAP_NS);
        return true;
    }
    struct process *p = victim();
    atomic_store(&choosing, 0);
    if (!p)
        return false;
    wait_for(p);
    process_put(p);
    return !current_tcb->use_reserves;
}

// ---- /proc

int procfs_show_oom_score(struct textbuf *b, struct process *p) {
    uint64_t total = mem_total_pages();
    int64_t s = score(p, total), points = 0;
    if (s != NEVER) // Linux's scale: 0 .. 2000, a process that uses nothing has 667
        points = (1000 + s * 1000 / (int64_t)total) * 2 / 3;
    text_printf(b, "%ld\n", max(points, 0L));
    return 0;
}

int procfs_show_oom_score_adj(struct textbuf *b, struct process *p) {
    text_printf(b, "%d\n", p->oom_score_adj);
    return 0;
}

// Only root may make a process safer than it was.
int procfs_store_oom_score_adj(const char *text, size_t n, struct process *p) {
    bool minus = n > 0 && text[0] == '-';
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
