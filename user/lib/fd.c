/* System calls on descriptors. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

ssize_t read(int fd, void *buf, size_t len)
{
    return sysret(sys3(SYS_read, fd, (long)buf, len));
}

ssize_t write(int fd, const void *buf, size_t len)
{
    return sysret(sys3(SYS_write, fd, (long)buf, len));
}

ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
    return sysret(sys4(SYS_pread64, fd, (long)buf, len, off));
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t off)
{
    return sysret(sys4(SYS_pwrite64, fd, (long)buf, len, off));
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
    return sysret(sys3(SYS_readv, fd, (long)iov, count));
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    return sysret(sys3(SYS_writev, fd, (long)iov, count));
}

ssize_t preadv(int fd, const struct iovec *iov, int count, off_t off)
{
    return sysret(sys4(SYS_preadv, fd, (long)iov, count, off));
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t off)
{
    return sysret(sys4(SYS_pwritev, fd, (long)iov, count, off));
}

int close(int fd)
{
    return sysret(sys1(SYS_close, fd));
}

off_t lseek(int fd, off_t off, int whence)
{
    return sysret(sys3(SYS_lseek, fd, off, whence));
}

int ftruncate(int fd, off_t len)
{
    return sysret(sys2(SYS_ftruncate, fd, len));
}

/* Returns the error, and leaves errno alone. */
int posix_fallocate(int fd, off_t off, off_t len)
{
    return -(int)sys4(SYS_fallocate, fd, 0, off, len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
    return sysret(sys4(SYS_fallocate, fd, mode, off, len));
}

/* POSIX: the result is the error number, errno stays */
int posix_fadvise(int fd, off_t off, off_t len, int advice)
{
    return (int)-sys4(SYS_fadvise64, fd, off, len, advice);
}

int fsync(int fd)
{
    return sysret(sys1(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    return sysret(sys1(SYS_fdatasync, fd));
}

void sync(void)
{
    sys0(SYS_sync);
}

int syncfs(int fd)
{
    return sysret(sys1(SYS_syncfs, fd));
}

int flock(int fd, int operation)
{
    return sysret(sys2(SYS_flock, fd, operation));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}

int pipe2(int fds[2], int flags)
{
    return sysret(sys2(SYS_pipe2, (long)fds, flags));
}

int dup(int fd)
{
    return sysret(sys1(SYS_dup, fd));
}

/* dup3 refuses equal descriptors, dup2 only checks that they are open */
int dup2(int fd, int to)
{
    if (fd == to)
        return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
    return dup3(fd, to, 0);
}

int dup3(int fd, int to, int flags)
{
    return sysret(sys3(SYS_dup3, fd, to, flags));
}

int fcntl(int fd, int cmd, ...)
{
    va_list ap;

    va_start(ap, cmd);
    long arg = va_arg(ap, long);
    va_end(ap);
    return sysret(sys3(SYS_fcntl, fd, cmd, arg));
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;

    va_start(ap, request);
    long arg = va_arg(ap, long);
    va_end(ap);
    return sysret(sys3(SYS_ioctl, fd, request, arg));
}

int isatty(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0)
        return 1;
    if (errno != EBADF)
        errno = ENOTTY;
    return 0;
}

char *ttyname(int fd)
{
    static char name[64];
    char link[32];

    if (!isatty(fd))
        return NULL;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof(name) - 1);
    if (n < 0)
        return NULL;
    name[n] = 0;
    return name;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    return ppoll(fds, count, timeout_ms < 0 ? NULL : &ts, NULL);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec left;

    if (timeout)
        left = *timeout; /* the kernel writes the remaining time back */
    return sysret(sys5(SYS_ppoll, (long)fds, count, timeout ? (long)&left : 0, (long)mask,
                       sizeof(sigset_t)));
}

int pselect(int nfds, fd_set *rd, fd_set *wr, fd_set *ex, const struct timespec *timeout,
            const sigset_t *mask)
{
    struct timespec left;
    long sigarg[2] = {(long)mask, sizeof(sigset_t)};

    if (timeout)
        left = *timeout;
    return sysret(sys6(SYS_pselect6, nfds, (long)rd, (long)wr, (long)ex,
                       timeout ? (long)&left : 0, (long)sigarg));
}

int select(int nfds, fd_set *rd, fd_set *wr, fd_set *ex, struct timeval *timeout)
{
    struct timespec ts;

    if (timeout)
        ts = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    return pselect(nfds, rd, wr, ex, timeout ? &ts : NULL, NULL);
}
