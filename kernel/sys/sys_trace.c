// Tracing of system calls: systrace, systrace_read (abi/systrace.h).
#include "abi/errno.h"
#include "proc/systrace.h"
#include "sched/thread.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_systrace(uint64_t mask, uint64_t words) {
    uint64_t copy[SYSTRACE_WORDS] = {0};
    if (!mask && !words) {
        systrace_stop();
        return 0;
    }
    if (words == 0 || words > SYSTRACE_WORDS)
        return -EINVAL;
    int err = copy_from_user(copy, mask, words * sizeof(copy[0]));
    return err ? err : systrace_start(copy);
}

// An event leaves the session only when it has arrived.
long sys_systrace_read(uint64_t buf, uint64_t n) {
    struct systrace_event e;
    uint64_t done = 0;
    if (!current()->systrace)
        return -EINVAL;
    for (; done < n && systrace_peek(&e); done++) {
        if (copy_to_user(buf + done * sizeof(e), &e, sizeof(e)))
            return done ? (long)done : -EFAULT;
        systrace_drop(e.seq);
    }
    return (long)done;
}
