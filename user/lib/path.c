/* System calls on path names.  The old forms are the *at forms at AT_FDCWD. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <unistd.h>

static int open_mode(int dirfd, const char *path, int flags, va_list ap)
{
    int needs_mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = needs_mode ? va_arg(ap, mode_t) : 0;

    return sysret(sys4(SYS_openat, dirfd, (long)path, flags | O_LARGEFILE, mode));
}

int open(const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    int fd = open_mode(AT_FDCWD, path, flags, ap);
    va_end(ap);
    return fd;
}

int openat(int dirfd, const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    int fd = open_mode(dirfd, path, flags, ap);
    va_end(ap);
    return fd;
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int fstatat(int dirfd, const char *restrict path, struct stat *restrict st, int flags)
{
    return sysret(sys4(SYS_newfstatat, dirfd, (long)path, (long)st, flags));
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
    return sysret(sys2(SYS_fstat, fd, (long)st));
}

int statx(int dirfd, const char *restrict path, int flags, unsigned mask,
          struct statx *restrict stx)
{
    return sysret(sys5(SYS_statx, dirfd, (long)path, flags, mask, (long)stx));
}

int statfs(const char *path, struct statfs *fs)
{
    return sysret(sys2(SYS_statfs, (long)path, (long)fs));
}

int fstatfs(int fd, struct statfs *fs)
{
    return sysret(sys2(SYS_fstatfs, fd, (long)fs));
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
    return sysret(sys2(SYS_fchmod, fd, mode));
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
    if (flags)
        return sysret(sys4(SYS_fchmodat2, dirfd, (long)path, mode, flags));
    return sysret(sys3(SYS_fchmodat, dirfd, (long)path, mode));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return sysret(sys3(SYS_mkdirat, dirfd, (long)path, mode));
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
    return mknodat(AT_FDCWD, path, mode, dev);
}

int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
    return sysret(sys4(SYS_mknodat, dirfd, (long)path, mode, dev));
}

int mkfifo(const char *path, mode_t mode)
{
    return mknod(path, mode | S_IFIFO, 0);
}

mode_t umask(mode_t mask)
{
    return sys1(SYS_umask, mask);
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
    return sysret(sys4(SYS_utimensat, dirfd, (long)path, (long)times, flags));
}

int futimens(int fd, const struct timespec times[2])
{
    return utimensat(fd, NULL, times, 0);
}

int utimes(const char *path, const struct timeval tv[2])
{
    struct timespec ts[2];

    if (!tv)
        return utimensat(AT_FDCWD, path, NULL, 0);
    for (int i = 0; i < 2; i++)
        ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
    return utimensat(AT_FDCWD, path, ts, 0);
}

int truncate(const char *path, off_t len)
{
    return sysret(sys2(SYS_truncate, (long)path, len));
}

int access(const char *path, int mode)
{
    return sysret(sys3(SYS_faccessat, AT_FDCWD, (long)path, mode));
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
    if (flags)
        return sysret(sys4(SYS_faccessat2, dirfd, (long)path, mode, flags));
    return sysret(sys3(SYS_faccessat, dirfd, (long)path, mode));
}

int chdir(const char *path)
{
    return sysret(sys1(SYS_chdir, (long)path));
}

int fchdir(int fd)
{
    return sysret(sys1(SYS_fchdir, fd));
}

int chroot(const char *path)
{
    return sysret(sys1(SYS_chroot, (long)path));
}

/* Without a buffer the result is allocated, as everywhere but in POSIX. */
char *getcwd(char *buf, size_t size)
{
    char path[PATH_MAX];

    if (buf && !size) {
        errno = EINVAL;
        return NULL;
    }
    if (sysret(sys2(SYS_getcwd, (long)(buf ? buf : path), buf ? size : sizeof(path))) < 0)
        return NULL;
    return buf ? buf : strdup(path);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
    return sysret(sys5(SYS_linkat, fromfd, (long)from, tofd, (long)to, flags));
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
    return sysret(sys3(SYS_symlinkat, (long)target, dirfd, (long)path));
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
    return readlinkat(AT_FDCWD, path, buf, size);
}

ssize_t readlinkat(int dirfd, const char *restrict path, char *restrict buf, size_t size)
{
    return sysret(sys4(SYS_readlinkat, dirfd, (long)path, (long)buf, size));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    return sysret(sys3(SYS_unlinkat, dirfd, (long)path, flags));
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    return errno == EISDIR ? rmdir(path) : -1;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
    return sysret(sys5(SYS_renameat2, fromfd, (long)from, tofd, (long)to, 0));
}

int chown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
    return sysret(sys3(SYS_fchown, fd, uid, gid));
}

int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
    return sysret(sys5(SYS_fchownat, dirfd, (long)path, uid, gid, flags));
}
