// Every system call: SYSCALL(number, handler, how many arguments it has). Included several times
// with different meanings of SYSCALL, hence no #pragma once. Grouped by the file that has them.


// sys_proc.c
SYSCALL(SYS_getpid, sys_getpid, 0)
SYSCALL(SYS_gettid, sys_gettid, 0)
SYSCALL(SYS_getppid, sys_getppid, 0)
SYSCALL(SYS_clone, sys_clone, 5)
SYSCALL(SYS_clone3, sys_clone3, 2)
SYSCALL(SYS_execve, sys_execve, 3)
SYSCALL(SYS_execveat, sys_execveat, 5)
SYSCALL(SYS_exit, sys_exit, 1)
SYSCALL(SYS_exit_group, sys_exit_group, 1)
SYSCALL(SYS_wait4, sys_wait4, 4)
SYSCALL(SYS_waitid, sys_waitid, 5)
SYSCALL(SYS_set_tid_address, sys_set_tid_address, 1)
SYSCALL(SYS_set_robust_list, sys_set_robust_list, 2)
SYSCALL(SYS_get_robust_list, sys_get_robust_list, 3)
SYSCALL(SYS_setpgid, sys_setpgid, 2)
SYSCALL(SYS_getpgid, sys_getpgid, 1)
SYSCALL(SYS_getsid, sys_getsid, 1)
SYSCALL(SYS_setsid, sys_setsid, 0)

// sys_signal.c
SYSCALL(SYS_kill, sys_kill, 2)
SYSCALL(SYS_tkill, sys_tkill, 2)
SYSCALL(SYS_tgkill, sys_tgkill, 3)
SYSCALL(SYS_rt_sigaction, sys_rt_sigaction, 4)
SYSCALL(SYS_rt_sigprocmask, sys_rt_sigprocmask, 4)
SYSCALL(SYS_rt_sigpending, sys_rt_sigpending, 2)
SYSCALL(SYS_rt_sigsuspend, sys_rt_sigsuspend, 2)
SYSCALL(SYS_rt_sigtimedwait, sys_rt_sigtimedwait, 4)
SYSCALL(SYS_sigaltstack, sys_sigaltstack, 2)
SYSCALL(SYS_rt_sigreturn, sys_rt_sigreturn, 0)

// sys_cred.c
SYSCALL(SYS_getuid, sys_getuid, 0)
SYSCALL(SYS_geteuid, sys_geteuid, 0)
SYSCALL(SYS_getgid, sys_getgid, 0)
SYSCALL(SYS_getegid, sys_getegid, 0)
SYSCALL(SYS_setuid, sys_setuid, 1)
SYSCALL(SYS_setgid, sys_setgid, 1)
SYSCALL(SYS_setreuid, sys_setreuid, 2)
SYSCALL(SYS_setregid, sys_setregid, 2)
SYSCALL(SYS_setresuid, sys_setresuid, 3)
SYSCALL(SYS_setresgid, sys_setresgid, 3)
SYSCALL(SYS_getresuid, sys_getresuid, 3)
SYSCALL(SYS_getresgid, sys_getresgid, 3)
SYSCALL(SYS_setfsuid, sys_setfsuid, 1)
SYSCALL(SYS_setfsgid, sys_setfsgid, 1)
SYSCALL(SYS_getgroups, sys_getgroups, 2)
SYSCALL(SYS_setgroups, sys_setgroups, 2)

// sys_time.c
SYSCALL(SYS_clock_gettime, sys_clock_gettime, 2)
SYSCALL(SYS_clock_getres, sys_clock_getres, 2)
SYSCALL(SYS_clock_settime, sys_clock_settime, 2)
SYSCALL(SYS_gettimeofday, sys_gettimeofday, 2)
SYSCALL(SYS_settimeofday, sys_settimeofday, 2)
SYSCALL(SYS_nanosleep, sys_nanosleep, 2)
SYSCALL(SYS_clock_nanosleep, sys_clock_nanosleep, 4)
SYSCALL(SYS_getrusage, sys_getrusage, 2)
SYSCALL(SYS_times, sys_times, 1)

// sys_sched.c
SYSCALL(SYS_sched_yield, sys_sched_yield, 0)
SYSCALL(SYS_sched_getaffinity, sys_sched_getaffinity, 3)
SYSCALL(SYS_sched_setaffinity, sys_sched_setaffinity, 3)
SYSCALL(SYS_getcpu, sys_getcpu, 2)
SYSCALL(SYS_sched_getscheduler, sys_sched_getscheduler, 1)
SYSCALL(SYS_sched_getparam, sys_sched_getparam, 2)
SYSCALL(SYS_sched_get_priority_max, sys_sched_get_priority_max, 1)
SYSCALL(SYS_sched_get_priority_min, sys_sched_get_priority_min, 1)
SYSCALL(SYS_setpriority, sys_setpriority, 3)
SYSCALL(SYS_getpriority, sys_getpriority, 2)

// sys_misc.c
SYSCALL(SYS_prlimit64, sys_prlimit64, 4)
SYSCALL(SYS_getrlimit, sys_getrlimit, 2)
SYSCALL(SYS_setrlimit, sys_setrlimit, 2)
SYSCALL(SYS_prctl, sys_prctl, 5)
SYSCALL(SYS_personality, sys_personality, 1)

// sys_rw.c
SYSCALL(SYS_read, sys_read, 3)
SYSCALL(SYS_write, sys_write, 3)
SYSCALL(SYS_readv, sys_readv, 3)
SYSCALL(SYS_writev, sys_writev, 3)
SYSCALL(SYS_pread64, sys_pread64, 4)
SYSCALL(SYS_pwrite64, sys_pwrite64, 4)
SYSCALL(SYS_preadv, sys_preadv, 4)
SYSCALL(SYS_pwritev, sys_pwritev, 4)
SYSCALL(SYS_lseek, sys_lseek, 3)

// sys_fd.c
SYSCALL(SYS_close, sys_close, 1)
SYSCALL(SYS_close_range, sys_close_range, 3)
SYSCALL(SYS_dup, sys_dup, 1)
SYSCALL(SYS_dup3, sys_dup3, 3)
SYSCALL(SYS_fcntl, sys_fcntl, 3)
SYSCALL(SYS_ioctl, sys_ioctl, 3)
SYSCALL(SYS_pipe2, sys_pipe2, 2)
SYSCALL(SYS_fsync, sys_fsync, 1)
SYSCALL(SYS_fdatasync, sys_fdatasync, 1)
SYSCALL(SYS_sync, sys_sync, 0)
SYSCALL(SYS_syncfs, sys_syncfs, 1)
SYSCALL(SYS_getdents64, sys_getdents64, 3)

// sys_name.c
SYSCALL(SYS_openat, sys_openat, 4)
SYSCALL(SYS_mkdirat, sys_mkdirat, 3)
SYSCALL(SYS_mknodat, sys_mknodat, 4)
SYSCALL(SYS_unlinkat, sys_unlinkat, 3)
SYSCALL(SYS_symlinkat, sys_symlinkat, 3)
SYSCALL(SYS_linkat, sys_linkat, 5)
SYSCALL(SYS_renameat2, sys_renameat2, 5)
SYSCALL(SYS_readlinkat, sys_readlinkat, 4)
SYSCALL(SYS_chdir, sys_chdir, 1)
SYSCALL(SYS_fchdir, sys_fchdir, 1)
SYSCALL(SYS_chroot, sys_chroot, 1)
SYSCALL(SYS_getcwd, sys_getcwd, 2)
SYSCALL(SYS_faccessat, sys_faccessat, 3)
SYSCALL(SYS_faccessat2, sys_faccessat2, 4)
SYSCALL(SYS_mount, sys_mount, 5)
SYSCALL(SYS_umount2, sys_umount2, 2)

// sys_attr.c
SYSCALL(SYS_newfstatat, sys_newfstatat, 4)
SYSCALL(SYS_fstat, sys_fstat, 2)
SYSCALL(SYS_statx, sys_statx, 5)
SYSCALL(SYS_statfs, sys_statfs, 2)
SYSCALL(SYS_fstatfs, sys_fstatfs, 2)
SYSCALL(SYS_truncate, sys_truncate, 2)
SYSCALL(SYS_ftruncate, sys_ftruncate, 2)
SYSCALL(SYS_fallocate, sys_fallocate, 4)
SYSCALL(SYS_fchmodat, sys_fchmodat, 3)
SYSCALL(SYS_fchmod, sys_fchmod, 2)
SYSCALL(SYS_fchownat, sys_fchownat, 5)
SYSCALL(SYS_fchown, sys_fchown, 3)
SYSCALL(SYS_utimensat, sys_utimensat, 4)
SYSCALL(SYS_umask, sys_umask, 1)

// sys_mm.c
SYSCALL(SYS_brk, sys_brk, 1)
SYSCALL(SYS_mmap, sys_mmap, 6)
SYSCALL(SYS_memfd_create, sys_memfd_create, 2)
SYSCALL(SYS_munmap, sys_munmap, 2)
SYSCALL(SYS_mremap, sys_mremap, 5)
SYSCALL(SYS_mprotect, sys_mprotect, 3)
SYSCALL(SYS_madvise, sys_madvise, 3)
SYSCALL(SYS_msync, sys_msync, 3)
SYSCALL(SYS_mincore, sys_mincore, 3)
SYSCALL(SYS_mlock, sys_mlock, 2)
SYSCALL(SYS_mlock2, sys_mlock2, 3)
SYSCALL(SYS_munlock, sys_munlock, 2)
SYSCALL(SYS_mlockall, sys_mlockall, 1)
SYSCALL(SYS_munlockall, sys_munlockall, 0)

// sys_access.c
SYSCALL(SYS_process_vm_readv, sys_process_vm_readv, 6)
SYSCALL(SYS_process_vm_writev, sys_process_vm_writev, 6)

// sys_shm.c
SYSCALL(SYS_shmget, sys_shmget, 3)
SYSCALL(SYS_shmat, sys_shmat, 3)
SYSCALL(SYS_shmdt, sys_shmdt, 1)
SYSCALL(SYS_shmctl, sys_shmctl, 3)

// sys_info.c
SYSCALL(SYS_uname, sys_uname, 1)
SYSCALL(SYS_sethostname, sys_sethostname, 2)
SYSCALL(SYS_setdomainname, sys_setdomainname, 2)
SYSCALL(SYS_sysinfo, sys_sysinfo, 1)
SYSCALL(SYS_syslog, sys_syslog, 3)
SYSCALL(SYS_getrandom, sys_getrandom, 3)
SYSCALL(SYS_riscv_hwprobe, sys_riscv_hwprobe, 5)
SYSCALL(SYS_riscv_flush_icache, sys_riscv_flush_icache, 3)
SYSCALL(SYS_reboot, sys_reboot, 4)

// sys_swap.c
SYSCALL(SYS_swapon, sys_swapon, 2)
SYSCALL(SYS_swapoff, sys_swapoff, 1)

// sys_copy.c
SYSCALL(SYS_sendfile, sys_sendfile, 4)
SYSCALL(SYS_copy_file_range, sys_copy_file_range, 6)
SYSCALL(SYS_fadvise64, sys_fadvise64, 4)
SYSCALL(SYS_readahead, sys_readahead, 3)
SYSCALL(SYS_sync_file_range, sys_sync_file_range, 4)

// sys_poll.c
SYSCALL(SYS_ppoll, sys_ppoll, 5)
SYSCALL(SYS_pselect6, sys_pselect6, 6)

// sys_lock.c
SYSCALL(SYS_flock, sys_flock, 2)

// sys_trace.c
SYSCALL(SYS_systrace, sys_systrace, 2)
SYSCALL(SYS_systrace_read, sys_systrace_read, 2)
