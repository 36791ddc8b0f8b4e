// Tracing of system calls: systrace, systrace_read (abi/systrace.h).
#include "abi/errno.h"
#include "proc/systrace.h"
#include "sched/thread.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

// TODO: sys_systrace(mask, words): (NULL, 0) ends the session; 1 to SYSTRACE_WORDS words of a mask begin one.
// -EINVAL for other sizes, -EFAULT, -ENOMEM.

// TODO: sys_systrace_read(buf, n): moves up to n events to user memory. -EINVAL without a session; -EFAULT when not
// even the first one arrived. An event that did not arrive stays.
