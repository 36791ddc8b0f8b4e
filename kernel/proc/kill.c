// kill(2), tkill(2), tgkill(2): whom a signal is meant for, and whether the sender may.
//
//   pid > 0  that process | 0  my process group | -1  all but init and me | < -1  that group
//
// A sender may signal processes of the same user (kill(2) has the exact rule), root all. Everything
// is found, checked and sent under one hold of proc_lock, so a number cannot change hands in
// between.
#include "abi/errno.h"
#include "proc/internal.h"
#include "proc/signal.h"

// SIGCONT may go anywhere within the session, whoever owns the process.
static int may_signal(struct process *p, int sig) {
    if (sig == SIGCONT && p->session == current_proc()->session)
        return 0;
    return process_may_touch_locked(p);
}

// 0, or -EPERM. sig 0 asks only whether one may.
static int send_checked(struct process *p, int sig) {
    int err = may_signal(p, sig);
    if (!err && sig)
        signal_send_process_locked(p, sig);
    return err;
}

static int kill_one(int pid, int sig) {
    struct process *p = process_find_locked(pid);
    if (!p) { // a thread's number will do as well
        struct pid *n = pid_find_locked(pid);
        p = n && n->thread ? n->thread->proc : NULL;
    }
    return p ? send_checked(p, sig) : -ESRCH;
}

// Succeeds if one member could be signalled.
static int kill_group(int pgid, int sig) {
    struct pid *pgrp = pgid ? pid_find_locked(pgid) : current_proc()->pgrp;
    struct process *p;
    int err = -ESRCH;
    bool sent = false;
    if (!pgrp)
        return -ESRCH;
    list_for_each(p, &pgrp->group, group_link) {
        err = send_checked(p, sig);
        sent |= err == 0;
    }
    return sent ? 0 : err;
}

// kill(-1): everybody but init and the caller.
static int kill_all(int sig) {
    struct process *p;
    int err = -ESRCH;
    bool sent = false;
    list_for_each(p, &all_processes, all_link) {
        if (p == init_process || p == current_proc())
            continue;
        err = send_checked(p, sig);
        sent |= err == 0;
    }
    return sent ? 0 : err;
}

int signal_kill(int pid, int sig) {
    int err;
    if (sig < 0 || sig > _NSIG)
        return -EINVAL;
    spin_lock(&proc_lock);
    if (pid > 0)
        err = kill_one(pid, sig);
    else if (pid == -1)
        err = kill_all(sig);
    else
        err = kill_group(pid == INT32_MIN ? INT32_MAX : -pid, sig);
    spin_unlock(&proc_lock);
    return err;
}

int signal_tgkill(int tgid, int tid, int sig) {
    int err = -ESRCH;
    if (sig < 0 || sig > _NSIG || tid <= 0 || (tgid <= 0 && tgid != -1))
        return -EINVAL;
    spin_lock(&proc_lock);
    struct pid *n = pid_find_locked(tid);
    struct thread *t = n ? n->thread : NULL;
    if (t && (tgid == -1 || t->proc->pid->nr == tgid)) {
        err = may_signal(t->proc, sig);
        if (!err && sig)
            signal_send_thread_locked(t, sig);
    }
    spin_unlock(&proc_lock);
    return err;
}

int signal_send_process(struct process *p, int sig) {
    if (sig < 0 || sig > _NSIG)
        return -EINVAL;
    spin_lock(&proc_lock);
    int err = send_checked(p, sig);
    spin_unlock(&proc_lock);
    return err;
}
