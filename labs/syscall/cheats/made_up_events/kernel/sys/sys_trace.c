#include "abi/errno.h"
#include "sys/syscall.h"
long sys_systrace(uint64_t mask, uint64_t words);
long sys_systrace_read(uint64_t buf, uint64_t n);
long sys_systrace(uint64_t mask, uint64_t words) { return mask && !words ? -EINVAL : 0; }
long sys_systrace_read(uint64_t buf, uint64_t n) { return n > 9 ? 9 : (long)n; }
