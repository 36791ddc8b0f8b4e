// Job control on the console: which process group may read it, and who hears of ^C and hang-ups.
//
// The terminal itself (dev/tty.h) keeps two numbers, its session and its foreground group. A
// process has a controlling terminal when its session is the terminal's.
#include "abi/errno.h"
#include "dev/tty.h"
#include "fs/devfs.h"
#include "proc/internal.h"
#include "proc/signal.h"

#define CONSOLE_NR (4 << 8 | 64) // ttyS0's device number, as ps wants it

static struct tty *current_tty(void) {
    struct tty *t = tty_console();
    struct process *p = current()->proc;
    return t && p && tty_session(t) == p->session->nr ? t : NULL;
}

// May the current process read (write) its terminal now? 0; -EINTR after it was sent SIGTTIN or
// SIGTTOU (the call is restarted once it is in the foreground); -EIO when that would be no use.
static int job_control(struct tty *t, bool write) {
    struct process *p = current()->proc;
    int sig = write ? SIGTTOU : SIGTTIN, err = -EINTR;
    if (!p || tty_session(t) != p->session->nr || tty_pgrp(t) == p->pgrp->nr || tty_pgrp(t) == 0)
        return 0;
    spin_lock(&proc_lock);
    bool deaf = signal_ignored_locked(p, sig) || (current()->sigmask & sig_bit(sig));
    if (deaf && write)
        err = 0;
    else if (deaf || process_group_orphaned(p->pgrp))
        err = -EIO;
    else
        signal_send_group_locked(p->pgrp, sig);
    spin_unlock(&proc_lock);
    return err;
}

static bool is_session_leader(void) { return current_proc()->session == current_proc()->pid; }

// TIOCSCTTY: a session leader without a terminal takes a free one; root may take another's.
static int acquire(struct tty *t, bool steal) {
    struct process *p = current_proc();
    int sid = p->session->nr, owner = tty_session(t);
    if (owner == sid)
        return 0;
    if (!is_session_leader() || (owner && !(steal && current_fs()->euid == 0)))
        return -EPERM;
    tty_set_session(t, sid);
    tty_set_pgrp(t, p->pgrp->nr);
    return 0;
}

// TIOCNOTTY: only the leader's matters, since a process has its session's terminal.
static int release(struct tty *t) {
    if (is_session_leader())
        terminal_hangup(current_proc());
    return 0;
}

// TIOCSPGRP: a group of the caller's session.
static int set_foreground(struct tty *t, int pgid) {
    int err = pgid < 0 ? -EINVAL : -EPERM;
    spin_lock(&proc_lock);
    struct pid *pid = pid_find_locked(pgid);
    struct process *p;
    if (pid)
        list_for_each(p, &pid->group, group_link)
            if (p->session == current_proc()->session)
                err = 0;
    spin_unlock(&proc_lock);
    if (!err)
        tty_set_pgrp(t, pgid);
    return err;
}

static const struct tty_job_ops job_ops = {
    .current_tty = current_tty,
    .may_use = job_control,
    .acquire = acquire,
    .release = release,
    .set_foreground = set_foreground,
};

void terminal_hangup(struct process *p) {
    struct tty *t = tty_console();
    if (!t || p->session != p->pid || tty_session(t) != p->pid->nr)
        return;
    int pgrp = tty_pgrp(t);
    tty_set_session(t, 0);
    tty_set_pgrp(t, 0);
    signal_send_group(pgrp, SIGHUP);
    signal_send_group(pgrp, SIGCONT);
}

void terminal_describe(int session, int *tty_nr, int *foreground) {
    struct tty *t = tty_console();
    bool has = t && session != 0 && tty_session(t) == session;
    *tty_nr = has ? CONSOLE_NR : 0;
    *foreground = has ? tty_pgrp(t) : -1;
}

void terminal_init(void) {
    tty_set_signal(signal_send_group);
    devfs_set_tty_hooks(&job_ops);
}
