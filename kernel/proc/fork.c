// clone(2): fork, vfork and threads.
//
//   fork        new process, memory copy-on-write, descriptors and directories copied
//   vfork       new process, memory shared; the parent sleeps until the child's exec or exit
//   thread      CLONE_VM | CLONE_SIGHAND | CLONE_THREAD: new thread in the same process
//
// Everything that can fail is done first; then the child is linked into the tree under proc_lock
// and started, and from there on nothing fails. The child leaves for user mode through a copy of
// the parent's frame, with 0 in a0.
//
// Signal actions are shared between parent and child (with a count) until one of them changes its
// own: fork copies no table of 64 actions, and exec has usually nothing to reset.
#include "abi/errno.h"
#include "abi/sched.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "lib/string.h"
#include "proc/internal.h"
#include "proc/sigframe.h"
#include "proc/signal.h"
#include "proc/systrace.h"
#include "sched/fp.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

#define CLONE_REFUSED                                                                              \
    (CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |   \
     CLONE_NEWPID | CLONE_NEWNET)

// What the flags must have together; namespaces and pidfds do not exist here.
static int check_flags(uint64_t flags) {
    if (flags & CLONE_REFUSED)
        return -EINVAL;
    if ((flags & CLONE_PARENT) && current_proc() == init_process)
        return -EINVAL; // the child would have no parent
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (!(flags & CLONE_VM) || (flags & CLONE_CLEAR_SIGHAND)))
        return -EINVAL;
    return 0;
}

// ---- the parts, each shared or copied as the flags say

static int copy_memory(struct process *child, struct process *parent, uint64_t flags) {
    struct mm *mm = current()->mm;
    if (flags & CLONE_VM) {
        mm_get(mm);
        child->mm = mm;
    } else {
        child->mm = mm_fork(mm);
    }
    return child->mm ? 0 : -ENOMEM;
}

static int copy_files(struct process *child, struct process *parent, uint64_t flags) {
    if (flags & CLONE_FILES) {
        ref_get(&parent->files->ref);
        child->files = parent->files;
    } else {
        child->files = fdtable_copy(parent->files);
    }
    return child->files ? 0 : -ENOMEM;
}

static int copy_fs(struct process *child, struct process *parent, uint64_t flags) {
    child->fs = fsctx_copy(parent->fs, flags & CLONE_FS);
    return child->fs ? 0 : -ENOMEM;
}

// Of a process that never lived.
static void release_parts(struct process *p) {
    if (p->fs)
        fsctx_put(p->fs);
    if (p->files)
        fdtable_put(p->files);
    if (p->mm)
        mm_put(p->mm);
    signal_exit(p);
    p->fs = NULL;
    p->files = NULL;
    p->mm = NULL;
}

// A process with the parent's parts copied or shared. 0 or -ENOMEM (nothing left).
static int copy_process(const struct clone_request *r, struct process **out) {
    struct process *parent = current_proc(), *p = process_alloc();
    if (!p)
        return -ENOMEM;
    int err = copy_files(p, parent, r->flags);
    if (!err)
        err = copy_fs(p, parent, r->flags);
    if (!err)
        err = copy_memory(p, parent, r->flags);
    if (!err)
        err = signal_prepare_fork(p, parent, r->flags);
    if (err) {
        release_parts(p);
        process_put(p);
        return err;
    }
    p->sigreturn_mapped = parent->sigreturn_mapped;
    p->limits = parent->limits;
    p->exit_signal = r->exit_signal;
    p->oom_score_adj = parent->oom_score_adj;
    p->dumpable = parent->dumpable;
    p->vfork_wait = r->flags & CLONE_VFORK;
    *out = p;
    return 0;
}

// What a child does before it first returns to user mode (glibc's fork wants its number stored).
static void store_child_tid(void *arg) {
    int tid = current()->tid;
    if (copy_to_user((uaddr_t)arg, &tid, sizeof tid) != 0)
        return; // as on Linux: the pointer is the program's affair
}

// The child's user frame: the parent's, with 0 as the result of the call.
static void set_registers(struct thread *t, const struct clone_request *r,
                          const struct trapframe *tf) {
    thread_set_user(t, tf);
    struct trapframe *child = tcb_user_frame(&t->tcb);
    child->a0 = 0;
    if (r->stack)
        child->sp = r->stack;
    if (r->flags & CLONE_SETTLS)
        child->tp = r->tls;
    fp_fork(t);
    if (r->flags & CLONE_CHILD_SETTID) {
        t->entry = store_child_tid;
        t->entry_arg = (void *)r->child_tid;
    }
    if (r->flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = r->child_tid;
}

// proc_lock held.
static void link_thread(struct process *p, struct thread *t, struct pid *pid) {
    assertf(!p->zombie && !pid->thread, "thread %d joins process %d", pid->nr, p->pid->nr);
    process_get(p); // the thread's reference; p's first one is the tree's
    t->proc = p;
    systrace_fork(t);
    t->limits = &p->limits;
    t->sigmask = current()->sigmask;
    pid->thread = t;
    list_push_back(&p->threads, &t->group_link);
    p->nthreads++;
}

// proc_lock held.
static void link_process(struct process *p, struct process *parent, struct thread *t,
                         struct pid *pid) {
    p->pid = pid;
    p->limits.pid = pid->nr;
    p->leader = t;
    pid->proc = p;
    pid_hold(pid); // one use for the thread, one for the process
    p->parent = parent;
    list_push_back(&parent->children, &p->sibling);
    list_push_back(&all_processes, &p->all_link);
    process_join_group(p, parent->pgrp, parent->session);
    signal_fork(p, current_proc());
}

// Links the complete child. -EINTR when the process is ending: no new threads then; -EAGAIN: the
// user has too many.
static int link_child(const struct clone_request *r, struct process *p, struct thread *t,
                      struct pid *pid) {
    struct process *self = current_proc();
    int err = 0;
    spin_lock(&proc_lock);
    if (self->group_exit || (self->exec_thread && p == self)) {
        err = -EINTR;
    } else if (process_count_exceeded_locked(self)) {
        err = -EAGAIN;
    } else if (p != self) {
        link_process(p, r->flags & CLONE_PARENT ? self->parent : self, t, pid);
        link_thread(p, t, pid);
    } else {
        link_thread(p, t, pid);
    }
    spin_unlock(&proc_lock);
    return err;
}

// Not interruptible: the child runs on our stack.
static void wait_vfork(struct process *child) {
    wait_event(&child->wait_q, !READ_ONCE(child->vfork_wait));
    process_put(child);
}

int process_clone(const struct clone_request *r, const struct trapframe *tf) {
    struct process *p = current_proc();
    int nr, err = check_flags(r->flags);
    if (err)
        return err;
    struct thread *t = thread_alloc(current()->name);
    if (!t)
        return -ENOMEM;
    struct pid *pid = pid_alloc(&err);
    if (!pid)
        goto free_thread;
    if (!(r->flags & CLONE_THREAD) && (err = copy_process(r, &p)) != 0)
        goto free_pid;
    nr = t->tid = pid->nr;
    set_registers(t, r, tf);
    sched_fork(t, current());
    if ((r->flags & CLONE_PARENT_SETTID) &&
        (err = copy_to_user(r->parent_tid, &nr, sizeof nr)) != 0)
        goto free_process;
    err = link_child(r, p, t, pid);
    if (err)
        goto free_process;
    if (r->flags & CLONE_VFORK)
        process_get(p);
    mm_attach(t, p->mm);
    current()->wake_sync = r->flags & CLONE_VFORK; // we are about to wait for it
    thread_start(t);
    current()->wake_sync = false;
    if (r->flags & CLONE_VFORK)
        wait_vfork(p);
    return nr;

free_process:
    if (p != current_proc()) {
        release_parts(p);
        process_put(p);
    }
free_pid:
    spin_lock(&proc_lock);
    pid_drop(pid);
    spin_unlock(&proc_lock);
    pid_flush();
free_thread:
    thread_put(t);
    return err;
}

// ---- the first process

static void (*init_fn)(void *);

static void init_main(void *arg) {
    init_fn(arg);
    return_to_user();
}

int process_start_init(void (*fn)(void *), void *arg) {
    int err = -ENOMEM;
    struct process *p = process_alloc();
    struct thread *t = thread_alloc("init");
    struct pid *pid = pid_alloc(&err);
    if (!p || !t || !pid)
        return err;
    p->files = fdtable_alloc();
    p->fs = fsctx_alloc();
    if (!p->files || !p->fs)
        return -ENOMEM;
    if ((err = sigframe_init()) != 0)
        return err;
    rlimits_init(p);
    init_fn = fn;
    t->tid = pid->nr;
    thread_set_entry(t, init_main, arg);
    spin_lock(&proc_lock);
    p->pid = pid;
    p->limits.pid = pid->nr;
    p->leader = t;
    pid->proc = p;
    pid_hold(pid);
    list_push_back(&all_processes, &p->all_link);
    process_join_group(p, pid, pid);
    link_thread(p, t, pid);
    init_process = p;
    spin_unlock(&proc_lock);
    thread_start(t);
    return 0;
}
