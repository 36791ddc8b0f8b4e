// Waiting for children: wait4(2) and waitid(2).
//
// News of a child: it ended (zombie), stopped, or continued. The scan over the children is made
// under proc_lock, first without queueing (the news is often there already), then again from the
// wait queue. Who ends, stops or continues a child wakes the parent's wait_q under the same lock,
// so a scan either sees the news or is followed by the wake-up.
#include "abi/errno.h"
#include "abi/wait.h"
#include "fs/path.h"
#include "proc/internal.h"
#include "proc/signal.h"

static uint32_t process_uid(const struct process *p) { return p->fs ? p->fs->uid : p->uid; }

void process_notify_parent_locked(struct process *p, int code) {
    struct process *parent = p->parent;
    bool stop_or_continue = code == CLD_STOPPED || code == CLD_CONTINUED;
    int sig = p->zombie ? p->exit_signal : SIGCHLD;
    struct signal_note n = {.code = code, .pid = p->pid->nr, .uid = process_uid(p)};
    n.status = code == CLD_EXITED      ? WEXITSTATUS(p->exit_status)
               : code == CLD_STOPPED   ? p->stop_signal
               : code == CLD_CONTINUED ? SIGCONT
                                       : WTERMSIG(p->exit_status);
    if (sig && !(stop_or_continue && signal_no_stop_news_locked(parent)))
        signal_send_note_locked(parent, sig, &n);
    waitq_wake_all(&parent->wait_q);
}

// wait4's `which`: a process, any, my group, that group.
static bool matches(const struct process *child, int which, int options) {
    bool clone_child = child->exit_signal != SIGCHLD; // made by clone(2) without SIGCHLD
    if (!(options & __WALL) && clone_child != ((options & (int)__WCLONE) != 0))
        return false;
    if (which > 0)
        return child->pid->nr == which;
    if (which == -1)
        return true;
    int pgid = which == 0 ? current_proc()->pgrp->nr : -which;
    return child->pgrp->nr == pgid;
}

// The child's figures include its own reaped children's: so they add up to the top of the tree.
static void report(struct process *child, int status, int code, struct wait_result *out) {
    out->pid = child->pid->nr;
    out->status = status;
    out->code = code;
    out->uid = process_uid(child);
    out->usage = child->dead;
    usage_add(&out->usage, &child->reaped_children);
}

// proc_lock held. Has this child news of the wanted kind? Fills *out and, unless WNOWAIT, uses the
// news up; *reaped is the child if its tree reference is now the caller's to put.
static bool take_news(struct process *child, int options, struct wait_result *out,
                      struct process **reaped) {
    bool keep = options & WNOWAIT;
    if (child->zombie && (options & WEXITED)) {
        bool exited = WIFEXITED(child->exit_status);
        report(child, child->exit_status, exited ? CLD_EXITED : CLD_KILLED, out);
        if (!keep) {
            usage_add(&current_proc()->reaped_children, &out->usage);
            process_reap_locked(child);
            *reaped = child;
        }
        return true;
    }
    if (child->stop_signal && !child->stop_reported && (options & WSTOPPED)) {
        report(child, W_STOPCODE(child->stop_signal), CLD_STOPPED, out);
        child->stop_reported = !keep;
        return true;
    }
    if (child->continued && (options & WCONTINUED)) {
        report(child, W_CONTINUED, CLD_CONTINUED, out);
        child->continued = keep;
        return true;
    }
    return false;
}

// 1: news in *out. 0: there are such children, but no news. -ECHILD.
static int scan(int which, int options, struct wait_result *out) {
    struct process *child, *reaped = NULL;
    int found = -ECHILD;
    spin_lock(&proc_lock);
    list_for_each(child, &current_proc()->children, sibling) {
        if (!matches(child, which, options))
            continue;
        found = 0;
        if (take_news(child, options, out, &reaped)) {
            found = 1;
            break;
        }
    }
    spin_unlock(&proc_lock);
    if (reaped) {
        pid_flush();
        process_put(reaped);
    }
    return found;
}

int process_wait(int which, int options, struct wait_result *out) {
    struct waitq *q = &current_proc()->wait_q;
    struct wait_entry e = {0};
    int found = scan(which, options, out);
    out->pid = found > 0 ? out->pid : 0;
    while (found == 0 && !(options & WNOHANG)) {
        waitq_prepare(q, &e, THREAD_INTERRUPTIBLE);
        found = scan(which, options, out);
        if (found == 0 && signal_pending())
            found = -EINTR;
        else if (found == 0)
            schedule();
        waitq_finish(q, &e);
    }
    return min(found, 0);
}
