// The end of threads and processes.
//
//   exit_group, fatal signal --> process_kill_locked: group_exit, every thread gets WORK_SIGNAL
//   each thread, at its next return to user mode --> process_exit_thread
//   the last one: memory, files, directories go; zombie; children to init; parent told
//   parent: wait4 --> process_reap_locked --> number and memory go
//
// A process whose parent ignores SIGCHLD is reaped at once.
//
// Order: the thread leaves the process's list first, so no signal is aimed at it any more, then
// gives back what may sleep, then becomes a zombie under proc_lock, in one step with telling the
// parent: a parent that sees the zombie can free it although the dead thread has not switched away
// yet, since that holds its own references.
#include "abi/errno.h"
#include "abi/wait.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "klog/panic.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "proc/signal.h"
#include "proc/systrace.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

void process_kill_locked(struct process *p, int status) {
    struct thread *t;
    if (p->group_exit || p->zombie)
        return;
    p->group_exit = true;
    p->exit_status = status;
    list_for_each(t, &p->threads, group_link)
        signal_interrupt_locked(t, true);
}

void process_exit_group(int status) {
    struct process *p = current_proc();
    spin_lock(&proc_lock);
    process_kill_locked(p, status);
    spin_unlock(&proc_lock);
    process_exit_thread(status);
}

void process_vfork_done(struct process *p) {
    if (!p->vfork_wait)
        return;
    WRITE_ONCE(p->vfork_wait, false);
    waitq_wake_all(&p->wait_q);
}

// The word that pthread_join() watches. Waking its waiters is futex's, once that exists.
static void clear_tid(struct thread *t) {
    int zero = 0;
    if (t->clear_child_tid && t->mm && ref_read(&t->mm->users) > 1 &&
        copy_to_user(t->clear_child_tid, &zero, sizeof zero) != 0)
        return; // nobody can be told
}

// Takes the thread out of its process. True: it was the last.
static bool detach(struct process *p, struct thread *t, int status) {
    struct usage u;
    spin_lock(&proc_lock);
    assertf(p->nthreads > 0 && !p->zombie, "process %d, %d threads", p->pid->nr, p->nthreads);
    thread_usage(t, &u);
    usage_add(&p->dead, &u);
    list_remove(&t->group_link);
    bool last = --p->nthreads == 0;
    if (p->leader == t)
        p->leader = NULL;
    strlcpy(p->name, t->name, sizeof p->name);
    if (last && !p->group_exit) {
        p->group_exit = true;
        p->exit_status = status;
    }
    if (p->exec_thread)
        waitq_wake_all(&p->wait_q);
    spin_unlock(&proc_lock);
    return last;
}

// Other processes may be looking at these (/proc): they take references under proc_lock, so each
// pointer goes under it, and the part itself after it.
static void release_parts(struct process *p) {
    spin_lock(&proc_lock);
    struct fdtable *files = p->files;
    struct fsctx *fs = p->fs;
    struct mm *mm = p->mm;
    if (mm)
        p->dead.maxrss_pages = max(p->dead.maxrss_pages, mm_hiwater_rss(mm));
    p->mm = NULL;
    p->files = NULL;
    spin_unlock(&proc_lock);
    if (mm)
        mm_put(mm);
    fdtable_put(files);
    spin_lock(&proc_lock);
    p->uid = fs->uid;
    p->fs = NULL; // after the files: closing them may still want credentials
    spin_unlock(&proc_lock);
    fsctx_put(fs);
}

// proc_lock held. A group that has just lost its last link to its session's other groups, and has
// stopped members, would stay stopped for ever.
static void wake_orphaned_group(struct pid *pgrp) {
    struct process *p;
    bool stopped = false;
    list_for_each(p, &pgrp->group, group_link)
        stopped |= p->stop_signal != 0;
    if (!stopped || !process_group_orphaned(pgrp))
        return;
    signal_send_group_locked(pgrp, SIGHUP);
    signal_send_group_locked(pgrp, SIGCONT);
}

static int zombie_code(const struct process *p) {
    return WIFEXITED(p->exit_status) ? CLD_EXITED : CLD_KILLED;
}

// proc_lock held.
static void give_children_to_init(struct process *p) {
    struct process *child, *next;
    list_for_each_safe(child, next, &p->children, sibling) {
        child->parent = init_process;
        list_move_back(&init_process->children, &child->sibling);
        if (child->zombie)
            process_notify_parent_locked(child, zombie_code(child));
        if (child->pgrp != p->pgrp && child->session == p->session)
            wake_orphaned_group(child->pgrp);
    }
}

void process_reap_locked(struct process *p) {
    assert(p->zombie && !p->reaped);
    p->reaped = true;
    list_remove(&p->sibling);
    list_remove(&p->all_link);
    process_leave_group(p);
    p->parent = NULL;
    p->pid->proc = NULL;
    pid_drop(p->pid);
}

// proc_lock held. True: nobody will wait for p, and it is out of the tree.
static bool become_zombie(struct process *p) {
    struct process *parent = p->parent;
    give_children_to_init(p);
    assert(!p->mm && !p->files && !p->fs && list_empty(&p->threads));
    p->zombie = true;
    p->stop_signal = 0;
    wake_orphaned_group(p->pgrp);
    bool unwanted = p->exit_signal == SIGCHLD && signal_no_zombies_locked(parent);
    process_notify_parent_locked(p, zombie_code(p));
    if (unwanted)
        process_reap_locked(p);
    return unwanted;
}

// The last thread of p is running this.
static void end_process(struct process *p) {
    if (p == init_process)
        panic("init ended, status %#x", p->exit_status);
    process_vfork_done(p);
    release_parts(p);
    oom_note_exit(p);
    terminal_hangup(p);
    signal_exit(p);
    spin_lock(&proc_lock);
    bool gone = become_zombie(p);
    spin_unlock(&proc_lock);
    if (gone)
        process_put(p);
}

void process_exit_thread(int status) {
    struct thread *t = current();
    struct process *p = t->proc;
    clear_tid(t);
    systrace_stop();
    mm_switch(NULL); // before detach(): exec in another thread then frees the tables we run on
    bool last = detach(p, t, status);
    struct pid *pid = NULL;
    if (last)
        end_process(p);
    spin_lock(&proc_lock);
    pid = pid_find_locked(t->tid);
    pid->thread = NULL;
    pid_drop(pid);
    t->proc = NULL;
    t->limits = NULL;
    spin_unlock(&proc_lock);
    pid_flush();
    process_put(p);
    thread_exit();
}

// ---- exec of a process with threads

int process_single_thread(void) {
    struct process *p = current_proc();
    struct thread *t;
    int err = 0;
    if (p->nthreads == 1)
        return 0;
    spin_lock(&proc_lock);
    if (p->group_exit || p->exec_thread) {
        err = -EINTR;
    } else {
        p->exec_thread = current();
        list_for_each(t, &p->threads, group_link)
            if (t != current())
                signal_interrupt_locked(t, true);
    }
    spin_unlock(&proc_lock);
    if (err)
        return err;
    wait_event(&p->wait_q, READ_ONCE(p->nthreads) == 1);
    spin_lock(&proc_lock);
    p->exec_thread = NULL;
    p->leader = current();
    spin_unlock(&proc_lock);
    return 0;
}
