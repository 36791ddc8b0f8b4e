/* wait4, waitid, and the status word that wait4 writes. */
#ifndef ABI_WAIT_H
#define ABI_WAIT_H

#define WNOHANG    0x00000001
#define WUNTRACED  0x00000002
#define WSTOPPED   WUNTRACED
#define WEXITED    0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT    0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL     0x40000000
#define __WCLONE   0x80000000

#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3

/*
 * bits 0-6: signal that ended it, 0 when it exited, 0x7f when it is stopped
 * bit 7: a core was dumped
 * bits 8-15: exit status, or the signal that stopped it
 * 0xffff as a whole: it was continued
 */
#define WEXITSTATUS(status)  (((status) >> 8) & 0xff)
#define WTERMSIG(status)     ((status) & 0x7f)
#define WSTOPSIG(status)     WEXITSTATUS(status)
#define WCOREDUMP(status)    ((status) & 0x80)
#define WIFEXITED(status)    (WTERMSIG(status) == 0)
#define WIFSTOPPED(status)   (((status) & 0xff) == 0x7f)
#define WIFSIGNALED(status)  (WTERMSIG(status) != 0 && WTERMSIG(status) != 0x7f)
#define WIFCONTINUED(status) ((status) == 0xffff)

/* making one, as the kernel does */
#define W_EXITCODE(code, signal) ((((code) & 0xff) << 8) | (signal))
#define W_STOPCODE(signal)       (((signal) << 8) | 0x7f)
#define W_CONTINUED              0xffff

#endif
