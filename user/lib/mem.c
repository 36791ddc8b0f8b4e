/* System calls on memory: the break, mappings, swap areas. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Linux's brk returns the break as it is afterwards: a failure shows as no change.  The last answer
 * is kept, so that sbrk need not ask: everybody in the library moves the break through here.
 */
static char *current_break;

int brk(void *addr)
{
    current_break = (char *)sys1(SYS_brk, (long)addr);
    if (current_break == addr)
        return 0;
    errno = ENOMEM;
    return -1;
}

void *sbrk(intptr_t increment)
{
    if (!current_break)
        current_break = (char *)sys1(SYS_brk, 0);
    char *old = current_break;

    if (increment && brk(old + increment) < 0)
        return (void *)-1;
    return old;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
    return (void *)sysret(sys6(SYS_mmap, (long)addr, len, prot, flags, fd, off));
}

int munmap(void *addr, size_t len)
{
    return sysret(sys2(SYS_munmap, (long)addr, len));
}

int mprotect(void *addr, size_t len, int prot)
{
    return sysret(sys3(SYS_mprotect, (long)addr, len, prot));
}

void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    long to = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? va_arg(ap, long) : 0;
    va_end(ap);
    return (void *)sysret(sys5(SYS_mremap, (long)addr, old_len, new_len, flags, to));
}

int msync(void *addr, size_t len, int flags)
{
    return sysret(sys3(SYS_msync, (long)addr, len, flags));
}

int madvise(void *addr, size_t len, int advice)
{
    return sysret(sys3(SYS_madvise, (long)addr, len, advice));
}

int mincore(void *addr, size_t len, unsigned char *vec)
{
    return sysret(sys3(SYS_mincore, (long)addr, len, (long)vec));
}

int mlock(const void *addr, size_t len)
{
    return sysret(sys2(SYS_mlock, (long)addr, len));
}

int mlock2(const void *addr, size_t len, unsigned flags)
{
    return sysret(sys3(SYS_mlock2, (long)addr, len, flags));
}

int munlock(const void *addr, size_t len)
{
    return sysret(sys2(SYS_munlock, (long)addr, len));
}

int mlockall(int flags)
{
    return sysret(sys1(SYS_mlockall, flags));
}

int munlockall(void)
{
    return sysret(sys0(SYS_munlockall));
}

int memfd_create(const char *name, unsigned flags)
{
    return sysret(sys2(SYS_memfd_create, (long)name, flags));
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long nlocal,
                         const struct iovec *remote, unsigned long nremote, unsigned long flags)
{
    return sysret(sys6(SYS_process_vm_readv, pid, (long)local, nlocal, (long)remote, nremote,
                       flags));
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long nlocal,
                          const struct iovec *remote, unsigned long nremote, unsigned long flags)
{
    return sysret(sys6(SYS_process_vm_writev, pid, (long)local, nlocal, (long)remote, nremote,
                       flags));
}

int swapon(const char *path, int flags)
{
    return sysret(sys2(SYS_swapon, (long)path, flags));
}

int swapoff(const char *path)
{
    return sysret(sys1(SYS_swapoff, (long)path));
}
