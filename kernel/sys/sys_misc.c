// A process's limits and properties: prlimit(2), prctl(2).
#include "abi/errno.h"
#include "abi/prctl.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/rlimit.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_prlimit64(uint64_t pid, uint64_t which, uint64_t unew, uint64_t uold) {
    struct rlimit new, old;
    if (unew && copy_from_user(&new, unew, sizeof new) != 0)
        return -EFAULT;
    int err = process_rlimit((int)pid, (int)which, unew ? &new : NULL, &old);
    return err || !uold ? err : copy_to_user(uold, &old, sizeof old);
}

long sys_getrlimit(uint64_t which, uint64_t uold) { return sys_prlimit64(0, which, 0, uold); }
long sys_setrlimit(uint64_t which, uint64_t unew) { return sys_prlimit64(0, which, unew, 0); }

long sys_prctl(uint64_t option, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4) {
    struct thread *t = current();
    char name[sizeof t->name] = {0};
    switch ((int)option) {
    case PR_SET_NAME: {
        ssize_t n = strncpy_from_user(name, arg, sizeof name - 1);
        if (n < 0 && n != -ENAMETOOLONG)
            return n;
        memcpy(t->name, name, sizeof name);
        return 0;
    }
    case PR_GET_NAME:
        memcpy(name, t->name, sizeof name);
        return copy_to_user(arg, name, sizeof name);
    case PR_GET_DUMPABLE:
        return current_proc()->dumpable;
    case PR_SET_DUMPABLE:
        if (arg > 1)
            return -EINVAL;
        current_proc()->dumpable = arg == 1;
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_personality(uint64_t persona) { return 0; }
