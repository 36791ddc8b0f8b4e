/* System calls on the system as a whole. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <limits.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data)
{
    return sysret(
        sys5(SYS_mount, (long)source, (long)target, (long)type, (long)flags, (long)data));
}

int umount(const char *target)
{
    return umount2(target, 0);
}

int umount2(const char *target, int flags)
{
    return sysret(sys2(SYS_umount2, (long)target, flags));
}

int reboot(unsigned cmd)
{
    return sysret(sys4(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd, 0));
}

int uname(struct utsname *name)
{
    return sysret(sys1(SYS_uname, (long)name));
}

int gethostname(char *name, size_t size)
{
    struct utsname uts;

    if (uname(&uts) < 0)
        return -1;
    return strlcpy(name, uts.nodename, size) < size ? 0 : __fail(ENAMETOOLONG);
}

int sethostname(const char *name, size_t len)
{
    return sysret(sys2(SYS_sethostname, (long)name, len));
}

int sysinfo(struct sysinfo *info)
{
    return sysret(sys1(SYS_sysinfo, (long)info));
}

int klogctl(int action, char *buf, int len)
{
    return sysret(sys3(SYS_syslog, action, (long)buf, len));
}

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    return sysret(sys3(SYS_getrandom, (long)buf, len, flags));
}

int getentropy(void *buf, size_t len)
{
    if (len > 256)
        return __fail(EIO);
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)buf + done, len - done, 0);
        if (n < 0)
            return -1;
        done += n;
    }
    return 0;
}

int getpagesize(void)
{
    unsigned long size = getauxval(AT_PAGESZ);

    return size ? (int)size : 4096;
}

int get_nprocs(void)
{
    cpu_set_t set;
    int count = 0;

    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return 1;
    for (int cpu = 0; cpu < 1024; cpu++)
        count += CPU_ISSET(cpu, &set);
    return count ? count : 1;
}

static long pages(int unused_only)
{
    struct sysinfo info;

    if (sysinfo(&info) < 0)
        return -1;
    return (unused_only ? info.freeram : info.totalram) * info.mem_unit / getpagesize();
}

long sysconf(int name)
{
    struct rlimit limit;

    switch (name) {
    case _SC_ARG_MAX:
        return ARG_MAX;
    case _SC_CLK_TCK:
        return USER_HZ;
    case _SC_OPEN_MAX:
        return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : (long)limit.rlim_cur;
    case _SC_PAGESIZE:
        return getpagesize();
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return get_nprocs();
    case _SC_PHYS_PAGES:
    case _SC_AVPHYS_PAGES:
        return pages(name == _SC_AVPHYS_PAGES);
    default:
        return __fail(EINVAL);
    }
}
