// Process groups and sessions (setpgid(2), setsid(2), credentials(7)).
//
//   session (number of its leader)
//     process group (number of its leader)      <- signals from the terminal go to one of these
//       processes                                  ^ struct pid of the number has the list
//
// A group exists while it has members: its struct pid is held by them, so its number is not given
// to a new process meanwhile.
#include "abi/errno.h"
#include "proc/internal.h"
#include "proc/signal.h"

void process_join_group(struct process *p, struct pid *pgrp, struct pid *session) {
    assertf(list_empty(&p->group_link), "process %d is in a group", p->pid->nr);
    pid_hold(pgrp);
    pid_hold(session);
    p->pgrp = pgrp;
    p->session = session;
    session->session_members++;
    list_push_back(&pgrp->group, &p->group_link);
}

void process_leave_group(struct process *p) {
    assertf(p->session->session_members > 0, "session %d", p->session->nr);
    list_remove(&p->group_link);
    p->session->session_members--;
    pid_drop(p->pgrp);
    pid_drop(p->session);
}

// Joins before it drops: the old group's number may be the new session's.
static void move_to_group(struct process *p, struct pid *pgrp, struct pid *session) {
    struct pid *old_pgrp = p->pgrp, *old_session = p->session;
    list_remove(&p->group_link);
    old_session->session_members--;
    process_join_group(p, pgrp, session);
    pid_drop(old_pgrp);
    pid_drop(old_session);
}

// Orphaned: no member has a parent in another group of the same session, that is, nobody who could
// notice that it stopped and continue it.
bool process_group_orphaned(struct pid *pgrp) {
    struct process *p;
    list_for_each(p, &pgrp->group, group_link) {
        struct process *parent = p->parent;
        if (p->zombie || !parent || parent == init_process)
            continue;
        if (parent->pgrp != pgrp && parent->session == p->session)
            return false;
    }
    return true;
}

// Errors in the order of setpgid(2): who may be moved, and where to.
static int setpgid_locked(struct process *p, int pgid) {
    struct process *self = current_proc();
    if (!p || (p != self && p->parent != self) || p->zombie)
        return -ESRCH;
    if (p != self && p->session != self->session)
        return -EPERM;
    if (p != self && p->did_exec)
        return -EACCES;
    if (p->session == p->pid)
        return -EPERM; // a session leader stays
    struct pid *pgrp = pid_find_locked(pgid);
    if (pgid != p->pid->nr) {
        bool same_session =
            pgrp && !list_empty(&pgrp->group) &&
            list_first(&pgrp->group, struct process, group_link)->session == p->session;
        if (!same_session)
            return -EPERM;
    }
    if (p->pgrp != pgrp)
        move_to_group(p, pgrp, p->session);
    return 0;
}

int process_setpgid(int pid, int pgid) {
    if (pgid < 0)
        return -EINVAL;
    spin_lock(&proc_lock);
    struct process *p = pid == 0 ? current_proc() : process_find_locked(pid);
    int err = setpgid_locked(p, pgid ? pgid : p ? p->pid->nr : 0);
    spin_unlock(&proc_lock);
    pid_flush();
    return err;
}

int process_getpgid(int pid) {
    spin_lock(&proc_lock);
    struct process *p = pid == 0 ? current_proc() : process_find_locked(pid);
    int pgid = p ? p->pgrp->nr : -ESRCH;
    spin_unlock(&proc_lock);
    return pgid;
}

int process_getsid(int pid) {
    spin_lock(&proc_lock);
    struct process *p = pid == 0 ? current_proc() : process_find_locked(pid);
    int sid = p ? p->session->nr : -ESRCH;
    spin_unlock(&proc_lock);
    return sid;
}

int process_setsid(void) {
    struct process *p = current_proc();
    int sid = p->pid->nr;
    spin_lock(&proc_lock);
    if (!list_empty(&p->pid->group) || p->pid->session_members > 0)
        sid = -EPERM;
    else
        move_to_group(p, p->pid, p->pid);
    spin_unlock(&proc_lock);
    pid_flush();
    return sid;
}
