// Every system call: SYSCALL(number, handler, how many arguments it has). Included several times
// with different meanings of SYSCALL, hence no #pragma once. Grouped by the file that has them.

// sys_time.c ... (lines come with their floors)
