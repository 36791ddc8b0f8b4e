/*
 * Signals: numbers, actions, siginfo and the frame that a handler gets.
 *
 * riscv64 has no SA_RESTORER: the kernel supplies the code that calls rt_sigreturn, and `ra` points
 * to it when a handler starts.  At that point sp points to a struct rt_sigframe, a0 holds the
 * signal number, a1 points to `info` and a2 to `uc`.
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   SIGIO
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32
#define SIGRTMAX  64

#define _NSIG 64 /* signals are 1 .. _NSIG; bit n-1 of a sigset_t stands for signal n */

typedef uint64_t sigset_t;

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

typedef void (*sighandler_t)(int);

#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

#define SA_NOCLDSTOP      0x00000001UL
#define SA_NOCLDWAIT      0x00000002UL
#define SA_SIGINFO        0x00000004UL
#define SA_UNSUPPORTED    0x00000400UL
#define SA_EXPOSE_TAGBITS 0x00000800UL
#define SA_ONSTACK        0x08000000UL
#define SA_RESTART        0x10000000UL
#define SA_NODEFER        0x40000000UL
#define SA_RESETHAND      0x80000000UL

union sigval {
    int32_t sival_int;
    void *sival_ptr;
};

typedef struct siginfo {
    int32_t si_signo;
    int32_t si_errno;
    int32_t si_code; /* SI_* or a code of the signal */
    int32_t si_pad0;
    union {
        struct { /* kill, sigqueue, SIGCHLD */
            int32_t si_pid;
            uint32_t si_uid;
            union {
                union sigval si_value;
                struct {
                    int32_t si_status; /* exit status or signal number */
                    int64_t si_utime;
                    int64_t si_stime;
                };
            };
        };
        struct { /* POSIX timers */
            int32_t si_timerid;
            int32_t si_overrun;
            union sigval si_timer_value;
        };
        struct { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
            void *si_addr;
            int16_t si_addr_lsb;
        };
        struct { /* SIGPOLL */
            int64_t si_band;
            int32_t si_fd;
        };
        struct { /* SIGSYS */
            void *si_call_addr;
            int32_t si_syscall;
            uint32_t si_arch;
        };
        int32_t si_pad[28];
    };
} siginfo_t;
_Static_assert(sizeof(siginfo_t) == 128, "siginfo_t");
_Static_assert(offsetof(siginfo_t, si_pid) == 16, "siginfo_t");
_Static_assert(offsetof(siginfo_t, si_status) == 24, "siginfo_t");
_Static_assert(offsetof(siginfo_t, si_utime) == 32, "siginfo_t");
_Static_assert(offsetof(siginfo_t, si_value) == 24, "siginfo_t");

/* si_code: who sent it */
#define SI_USER   0
#define SI_KERNEL 0x80
#define SI_QUEUE  (-1)
#define SI_TIMER  (-2)
#define SI_TKILL  (-6)

/* si_code: why, by signal */
#define ILL_ILLOPC    1
#define ILL_ILLOPN    2
#define ILL_ILLADR    3
#define ILL_ILLTRP    4
#define ILL_PRVOPC    5
#define FPE_INTDIV    1
#define FPE_INTOVF    2
#define FPE_FLTDIV    3
#define SEGV_MAPERR   1 /* nothing mapped there */
#define SEGV_ACCERR   2 /* mapped, but not for this access */
#define BUS_ADRALN    1
#define BUS_ADRERR    2 /* mapped file ends before this page */
#define BUS_OBJERR    3
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

struct sigaction {
    union {
        sighandler_t sa_handler;
        void (*sa_sigaction)(int signo, siginfo_t *info, void *ucontext);
    };
    unsigned long sa_flags;
    sigset_t sa_mask;
};
_Static_assert(sizeof(struct sigaction) == 24, "struct sigaction");

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1U << 31)
#define MINSIGSTKSZ   2048
#define SIGSTKSZ      8192

typedef struct sigaltstack {
    void *ss_sp;
    int32_t ss_flags;
    size_t ss_size;
} stack_t;
_Static_assert(sizeof(stack_t) == 24, "stack_t");

/* Registers in a signal frame; the same order as ptrace's, x0 replaced by pc. */
struct user_regs_struct {
    uint64_t pc, ra, sp, gp, tp;
    uint64_t t0, t1, t2;
    uint64_t s0, s1;
    uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
    uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    uint64_t t3, t4, t5, t6;
};
_Static_assert(sizeof(struct user_regs_struct) == 256, "struct user_regs_struct");

struct riscv_d_ext_state {
    uint64_t f[32];
    uint32_t fcsr;
};

/* Sized for 128-bit registers; the words at the end are zero: no extension records follow. */
union riscv_fp_state {
    struct riscv_d_ext_state d;
    struct {
        uint64_t f[64] __attribute__((aligned(16)));
        uint32_t fcsr;
        uint32_t reserved[3];
    } q;
};
_Static_assert(sizeof(union riscv_fp_state) == 528, "union riscv_fp_state");

struct sigcontext {
    struct user_regs_struct sc_regs;
    union riscv_fp_state sc_fpregs;
};
_Static_assert(sizeof(struct sigcontext) == 784, "struct sigcontext");

typedef struct ucontext {
    uint64_t uc_flags;
    struct ucontext *uc_link;
    stack_t uc_stack;
    sigset_t uc_sigmask;
    uint8_t uc_unused[1024 / 8 - sizeof(sigset_t)];
    struct sigcontext uc_mcontext;
} ucontext_t;
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 40, "ucontext_t");
_Static_assert(offsetof(ucontext_t, uc_mcontext) == 176, "ucontext_t");
_Static_assert(sizeof(ucontext_t) == 960, "ucontext_t");

struct rt_sigframe {
    siginfo_t info;
    ucontext_t uc;
};

#endif
