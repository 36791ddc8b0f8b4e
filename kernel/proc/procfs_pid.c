// /proc/<pid>/: what a process tells about itself, in Linux's formats (proc(5)), so that ps, top
// and their like from elsewhere can read it.
//
// Each file takes what it needs under proc_lock, or holds references (mm, descriptor table), and
// then writes without it: text_printf() may have to allocate.
#include "proc/procfs_pid.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/time.h"
#include "fs/file.h"
#include "fs/procfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "proc/signal.h"
#include "vm/mm.h"

#define NS_PER_TICK (1000000000UL / USER_HZ)

// One thread of p, held, or NULL: the process has ended.
static struct thread *some_thread(struct process *p) {
    spin_lock(&proc_lock);
    struct thread *t = NULL;
    if (!list_empty(&p->threads)) {
        t = list_first(&p->threads, struct thread, group_link);
        thread_get(t);
    }
    spin_unlock(&proc_lock);
    return t;
}

// Without a thread it is a zombie, once it has given back what it had.
static char state_letter(const struct process *p, const struct thread *t) {
    if (!t)
        return READ_ONCE(p->zombie) ? 'Z' : 'R';
    switch (READ_ONCE(t->state)) {
    case THREAD_SLEEPING:
        return 'D';
    case THREAD_INTERRUPTIBLE:
        return 'S';
    case THREAD_STOPPED:
        return 'T';
    case THREAD_DEAD:
        return 'X';
    default:
        return 'R';
    }
}

static const char *state_name(char letter) {
    switch (letter) {
    case 'D':
        return "disk sleep";
    case 'S':
        return "sleeping";
    case 'T':
        return "stopped";
    case 'Z':
        return "zombie";
    case 'X':
        return "dead";
    default:
        return "running";
    }
}

struct identity { // taken together, under proc_lock
    char name[16];
    int pid, ppid, pgrp, session, tpgid, tty, threads, exit_status, exit_signal;
    uint64_t pending, shared_pending, blocked, ignored, caught;
};

static void signal_sets(struct process *p, struct identity *id) {
    for (int sig = 1; sig <= _NSIG && p->actions; sig++) {
        sighandler_t h = p->actions->action[sig - 1].sa_handler;
        if (h == SIG_IGN)
            id->ignored |= sig_bit(sig);
        else if (h != SIG_DFL)
            id->caught |= sig_bit(sig);
    }
}

static void identify(struct process *p, const struct thread *t, struct identity *id) {
    memset(id, 0, sizeof *id);
    spin_lock(&proc_lock);
    strlcpy(id->name, t ? t->name : p->name, sizeof id->name);
    id->pid = p->pid->nr;
    id->ppid = p->parent ? p->parent->pid->nr : 0;
    id->pgrp = p->pgrp->nr;
    id->session = p->session->nr;
    id->threads = p->nthreads;
    id->exit_status = p->zombie ? p->exit_status : 0;
    id->exit_signal = p->exit_signal;
    id->shared_pending = p->sigpending;
    id->pending = t ? t->sigpending : 0;
    id->blocked = t ? t->sigmask : 0;
    signal_sets(p, id);
    spin_unlock(&proc_lock);
    terminal_describe(id->session, &id->tty, &id->tpgid);
}

static int show_stat(struct textbuf *b, struct process *p) {
    struct thread *t = some_thread(p);
    struct mm *mm = process_mm(p);
    struct usage u, c;
    struct identity id;
    identify(p, t, &id);
    process_usage(p, &u);
    c = p->reaped_children;
    int nice = t ? t->nice : 0;
    text_printf(b, "%d (%s) %c %d %d %d %d %d 0 %lu %lu %lu %lu", id.pid, id.name,
                state_letter(p, t), id.ppid, id.pgrp, id.session, id.tty, id.tpgid, u.minflt,
                c.minflt, u.majflt, c.majflt);
    text_printf(b, " %lu %lu %lu %lu %d %d %d 0 %lu", u.utime / NS_PER_TICK, u.stime / NS_PER_TICK,
                c.utime / NS_PER_TICK, c.stime / NS_PER_TICK, 20 + nice, nice, id.threads,
                p->start_ns / NS_PER_TICK);
    text_printf(b, " %lu %lu %lu %lu %lu %lu 0 0", mm ? mm->total_pages * PAGE_SIZE : 0,
                mm ? mm_rss(mm) : 0, p->limits.r[RLIMIT_RSS].rlim_cur, mm ? mm->start_code : 0,
                mm ? mm->end_code : 0, mm ? mm->start_stack : 0);
    text_printf(b, " %lu %lu %lu %lu 0 0 0 %d %u 0 0 0 0 0", id.pending & 0x7fffffff,
                id.blocked & 0x7fffffff, id.ignored & 0x7fffffff, id.caught & 0x7fffffff,
                id.exit_signal, t ? t->last_cpu : 0);
    text_printf(b, " %lu %lu %lu %lu %lu %lu %lu %d\n", mm ? mm->start_data : 0,
                mm ? mm->end_data : 0, mm ? mm->start_brk : 0, mm ? mm->arg_start : 0,
                mm ? mm->arg_end : 0, mm ? mm->env_start : 0, mm ? mm->env_end : 0, id.exit_status);
    if (mm)
        mm_put(mm);
    if (t)
        thread_put(t);
    return 0;
}

static uint64_t kib(uint64_t pages) { return pages * (PAGE_SIZE / 1024); }

static void status_memory(struct textbuf *b, struct mm *mm) {
    uint64_t lib =
        mm->exec_pages - min(mm->exec_pages, (mm->end_code - mm->start_code) >> PAGE_SHIFT);
    text_printf(b, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t       0 kB\n",
                kib(max(mm->hiwater_vm, mm->total_pages)), kib(mm->total_pages),
                kib(mm->locked_pages));
    text_printf(b, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t%8lu kB\n",
                kib(mm_hiwater_rss(mm)), kib(mm_rss(mm)), kib(mm->rss_anon), kib(mm->rss_file));
    text_printf(b, "RssShmem:\t%8lu kB\nVmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\n",
                kib(mm->rss_shmem), kib(mm->data_pages), kib(mm->stack_pages),
                kib(mm->exec_pages) - kib(lib));
    text_printf(b, "VmLib:\t%8lu kB\nVmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\n", kib(lib),
                kib(mm_table_pages(mm)), kib(mm->swap_entries));
}

static void status_owner(struct textbuf *b, struct process *p) {
    struct fsctx *c = process_fs(p);
    if (!c)
        return;
    text_printf(b, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid);
    text_printf(b, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid, c->fsgid);
    fsctx_put(c);
}

static int show_status(struct textbuf *b, struct process *p) {
    struct thread *t = some_thread(p);
    struct mm *mm = process_mm(p);
    struct identity id;
    char letter = state_letter(p, t);
    struct usage u;
    identify(p, t, &id);
    process_usage(p, &u);
    text_printf(b, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
                id.name, letter, state_name(letter), id.pid, id.pid, id.ppid);
    text_printf(b, "TracerPid:\t0\n");
    status_owner(b, p);
    if (mm)
        status_memory(b, mm);
    text_printf(b, "Threads:\t%d\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", id.threads, id.pending,
                id.shared_pending);
    text_printf(b, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", id.blocked, id.ignored,
                id.caught);
    text_printf(b, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", u.nvcsw,
                u.nivcsw);
    if (mm)
        mm_put(mm);
    if (t)
        thread_put(t);
    return 0;
}

static int show_statm(struct textbuf *b, struct process *p) {
    struct mm *mm = process_mm(p);
    if (!mm) {
        text_printf(b, "0 0 0 0 0 0 0\n");
        return 0;
    }
    text_printf(b, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_pages, mm_rss(mm),
                mm->rss_file + mm->rss_shmem, mm->exec_pages, mm->data_pages + mm->stack_pages);
    mm_put(mm);
    return 0;
}

static int show_comm(struct textbuf *b, struct process *p) {
    struct thread *t = some_thread(p);
    text_printf(b, "%s\n", t ? t->name : p->name);
    if (t)
        thread_put(t);
    return 0;
}

// ---- what the process has in its own memory

static int show_memory(struct textbuf *b, struct mm *mm, uaddr_t from, uaddr_t to) {
    char chunk[256];
    while (from < to) {
        size_t n = mm_access(mm, from, chunk, min(to - from, sizeof chunk), false);
        if (n == 0)
            break;
        text_write(b, chunk, n);
        from += n;
    }
    return 0;
}

static int show_cmdline(struct textbuf *b, struct process *p) {
    struct mm *mm = process_mm(p);
    if (!mm)
        return 0;
    show_memory(b, mm, mm->arg_start, mm->arg_end);
    mm_put(mm);
    return 0;
}

static int show_environ(struct textbuf *b, struct process *p) {
    struct mm *mm = process_mm(p);
    if (!mm)
        return 0;
    show_memory(b, mm, mm->env_start, mm->env_end);
    mm_put(mm);
    return 0;
}

static int show_auxv(struct textbuf *b, struct process *p) {
    struct mm *mm = process_mm(p);
    size_t n = 0;
    if (!mm)
        return 0;
    while (n + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[n])
        n += 2;
    text_write(b, (const char *)mm->auxv, (n + 2) * sizeof mm->auxv[0]);
    mm_put(mm);
    return 0;
}

// ---- limits

static void show_limit(struct textbuf *b, const char *name, const char *unit,
                       const struct rlimit *l) {
    char cur[24] = "unlimited", max_[24] = "unlimited";
    if (l->rlim_cur != RLIM_INFINITY)
        snprintf(cur, sizeof cur, "%lu", l->rlim_cur);
    if (l->rlim_max != RLIM_INFINITY)
        snprintf(max_, sizeof max_, "%lu", l->rlim_max);
    text_printf(b, "%-25s %-20s %-20s %-10s\n", name, cur, max_, unit);
}

static int show_limits(struct textbuf *b, struct process *p) {
    static const struct {
        const char *name, *unit;
    } names[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };
    text_printf(b, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIM_NLIMITS; i++)
        show_limit(b, names[i].name, names[i].unit, &p->limits.r[i]);
    return 0;
}

// ---- the program's file

static int link_exe(struct process *p, struct path *out) {
    struct mm *mm = process_mm(p);
    int err = -ENOENT;
    if (!mm)
        return err;
    down_read(&mm->lock);
    if (mm->exe) {
        *out = ((struct file *)mm->exe)->path;
        path_get(out);
        err = 0;
    }
    up_read(&mm->lock);
    mm_put(mm);
    return err;
}

static const struct procfs_pid_file files[] = {
    {.name = "auxv", .mode = 0400, .show = show_auxv},
    {.name = "cmdline", .mode = 0444, .show = show_cmdline},
    {.name = "comm", .mode = 0444, .show = show_comm},
    {.name = "environ", .mode = 0400, .show = show_environ},
    {.name = "exe", .mode = 0777, .link = link_exe},
    {.name = "limits", .mode = 0444, .show = show_limits},
    {.name = "maps", .mode = 0444, .show = procfs_show_maps},
    {.name = "oom_score", .mode = 0444, .show = procfs_show_oom_score},
    {.name = "oom_score_adj", .mode = 0644, .show = procfs_show_oom_score_adj,
     .store = procfs_store_oom_score_adj},
    {.name = "pagemap", .mode = 0400, .read = procfs_read_pagemap},
    {.name = "smaps", .mode = 0444, .show = procfs_show_smaps},
    {.name = "smaps_rollup", .mode = 0444, .show = procfs_show_smaps_rollup},
    {.name = "stat", .mode = 0444, .show = show_stat},
    {.name = "statm", .mode = 0444, .show = show_statm},
    {.name = "status", .mode = 0444, .show = show_status},
};

static int self(void) { return current_proc()->pid->nr; }

static int may_look(struct process *p) {
    spin_lock(&proc_lock);
    int err = process_may_touch_locked(p) ? -EACCES : 0;
    spin_unlock(&proc_lock);
    return err;
}

void procfs_pid_init(void) {
    static const struct procfs_pid_ops ops = {
        .find = process_find,
        .put = process_put,
        .next = process_next,
        .self = self,
        .files = process_files,
        .fs = process_fs,
        .may_look = may_look,
        .list = files,
        .nlist = ARRAY_SIZE(files),
    };
    procfs_set_pids(&ops);
}
