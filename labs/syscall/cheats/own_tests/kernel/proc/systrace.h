#define SYSCALL_MAX 1
