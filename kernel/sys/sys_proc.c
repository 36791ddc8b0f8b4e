// Processes and threads: clone(2), execve(2), exit(2), wait4(2), and who is who.
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/limits.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/process.h"
#include "sys/convert.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_getpid(void) { return current_proc()->pid->nr; }
long sys_gettid(void) { return current()->tid; }
long sys_getppid(void) { return process_ppid(current_proc()); }

long sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls,
               uint64_t child_tid) {
    struct clone_request r = {
        .flags = flags & 0xffffffff & ~(uint64_t)CSIGNAL,
        .exit_signal = (int)(flags & CSIGNAL),
        .stack = stack,
        .tls = tls,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
    };
    return process_clone(&r, tcb_user_frame(current_tcb));
}

long sys_clone3(uint64_t uargs, uint64_t size) {
    struct clone_args a = {0};
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > sizeof a)
        return -E2BIG;
    if (copy_from_user(&a, uargs, size) != 0)
        return -EFAULT;
    if ((a.flags & (CSIGNAL | CLONE_INTO_CGROUP)) || a.set_tid_size || a.exit_signal > CSIGNAL ||
        (a.stack == 0) != (a.stack_size == 0))
        return -EINVAL;
    struct clone_request r = {
        .flags = a.flags,
        .exit_signal = (int)a.exit_signal,
        .stack = a.stack + a.stack_size,
        .tls = a.tls,
        .parent_tid = a.parent_tid,
        .child_tid = a.child_tid,
    };
    return process_clone(&r, tcb_user_frame(current_tcb));
}

// ---- exec

static long exec_user(struct path *start, const char *name, uaddr_t argv, uaddr_t envp) {
    struct exec_strings args = {0}, envs = {0};
    struct trapframe *tf = tcb_user_frame(current_tcb);
    long err = exec_strings_add_user(&args, argv);
    if (!err)
        err = exec_strings_add_user(&envs, envp);
    if (!err)
        err = process_exec(start, name, &args, &envs, tf);
    exec_strings_free(&args);
    exec_strings_free(&envs);
    return err; // on success a0 of the new frame: 0
}

static long copy_path(uaddr_t uname, char **out) {
    char *name = kmalloc(PATH_MAX, GFP_KERNEL);
    if (!name)
        return -ENOMEM;
    ssize_t n = strncpy_from_user(name, uname, PATH_MAX);
    if (n >= 0) {
        *out = name;
        return 0;
    }
    kfree(name);
    return n;
}

long sys_execve(uint64_t uname, uint64_t argv, uint64_t envp) {
    char *name;
    long err = copy_path(uname, &name);
    if (err)
        return err;
    err = exec_user(NULL, name, argv, envp);
    kfree(name);
    return err;
}

long sys_execveat(uint64_t dirfd, uint64_t uname, uint64_t argv, uint64_t envp, uint64_t flags) {
    char *name;
    if (flags & ~(uint64_t)AT_EMPTY_PATH)
        return -EINVAL;
    long err = copy_path(uname, &name);
    if (err)
        return err;
    if (!*name && !(flags & AT_EMPTY_PATH))
        err = -ENOENT;
    struct file *dir = NULL;
    if (!err && (int)dirfd != AT_FDCWD && *name != '/' &&
        !(dir = fd_get(current_files(), (int)dirfd)))
        err = -EBADF;
    if (!err)
        err = exec_user(dir ? &dir->path : NULL, name, argv, envp);
    if (dir)
        file_put(dir);
    kfree(name);
    return err;
}

// ---- the end, and waiting for it

long sys_exit(uint64_t status) { process_exit_thread(W_EXITCODE((int)status, 0)); }
long sys_exit_group(uint64_t status) { process_exit_group(W_EXITCODE((int)status, 0)); }

static int put_rusage(uaddr_t to, const struct usage *u) {
    struct rusage r;
    usage_to_rusage(u, &r);
    return copy_to_user(to, &r, sizeof r);
}

long sys_wait4(uint64_t upid, uint64_t ustatus, uint64_t uoptions, uint64_t urusage) {
    struct wait_result w;
    int options = (int)uoptions;
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | (int)__WCLONE | __WALL))
        return -EINVAL;
    int err = process_wait((int)upid, options | WEXITED, &w);
    if (err || !w.pid)
        return err;
    if (ustatus && copy_to_user(ustatus, &w.status, sizeof w.status) != 0)
        return -EFAULT;
    if (urusage && put_rusage(urusage, &w.usage) != 0)
        return -EFAULT;
    return w.pid;
}

static int waitid_which(int type, int id, int *which) {
    switch (type) {
    case P_ALL:
        *which = -1;
        return 0;
    case P_PID:
        *which = id;
        return id > 0 ? 0 : -EINVAL;
    case P_PGID:
        *which = -id;
        return id >= 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

long sys_waitid(uint64_t type, uint64_t id, uint64_t uinfo, uint64_t uoptions, uint64_t urusage) {
    struct wait_result w;
    int options = (int)uoptions, which, err = waitid_which((int)type, (int)id, &which);
    if (err || (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
                            (int)__WCLONE | __WALL)) ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    err = process_wait(which, options, &w);
    if (err)
        return err;
    siginfo_t info = {0};
    if (w.pid) {
        info.si_signo = SIGCHLD;
        info.si_code = w.code;
        info.si_pid = w.pid;
        info.si_uid = w.uid;
        info.si_status = w.code == CLD_EXITED      ? WEXITSTATUS(w.status)
                         : w.code == CLD_STOPPED   ? WSTOPSIG(w.status)
                         : w.code == CLD_CONTINUED ? SIGCONT
                                                   : WTERMSIG(w.status);
    }
    if (uinfo && copy_to_user(uinfo, &info, sizeof info) != 0)
        return -EFAULT;
    return urusage && w.pid ? put_rusage(urusage, &w.usage) : 0;
}

// ---- words that the C library leaves with the kernel

long sys_set_tid_address(uint64_t addr) {
    current()->clear_child_tid = addr;
    return current()->tid;
}

long sys_set_robust_list(uint64_t head, uint64_t size) {
    if (size != sizeof(struct robust_list_head))
        return -EINVAL;
    current()->robust_list = head;
    return 0;
}

long sys_get_robust_list(uint64_t pid, uint64_t uhead, uint64_t usize) {
    uint64_t head = current()->robust_list, size = sizeof(struct robust_list_head);
    if ((int)pid != 0 && (int)pid != current()->tid)
        return -EPERM;
    if (copy_to_user(uhead, &head, sizeof head) != 0)
        return -EFAULT;
    return copy_to_user(usize, &size, sizeof size);
}

// ---- groups and sessions

long sys_setpgid(uint64_t pid, uint64_t pgid) { return process_setpgid((int)pid, (int)pgid); }
long sys_getpgid(uint64_t pid) { return process_getpgid((int)pid); }
long sys_getsid(uint64_t pid) { return process_getsid((int)pid); }
long sys_setsid(void) { return process_setsid(); }
