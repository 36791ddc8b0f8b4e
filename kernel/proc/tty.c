// Job control on the console: which process group may read it, and who hears of ^C and hang-ups.
//
// The terminal itself (dev/tty.h) keeps two numbers, its session and its foreground group. A process
// has a controlling terminal when its session is the terminal's.
#include "abi/errno.h"
#include "dev/tty.h"
#include "fs/devfs.h"
#include "proc/internal.h"
#include "proc/signal.h"

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

void terminal_init(void) {
    tty_set_signal(signal_send_group);
    devfs_set_tty_hooks(current_tty, job_control);
}
