/* Swap areas: what swapon(2) and swapoff(2) take and refuse, priorities. */
#include "swaputil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A line of /proc/swaps: used pages, and the priority; -1 when it is not there. */
static long area_used(const char *path, int *prio)
{
    char text[2048], type[16];
    long size, used;

    read_text("/proc/swaps", text, sizeof(text));
    char *line = strstr(text, path);
    if (!line || sscanf(line, "%*s %15s %ld %ld %d", type, &size, &used, prio) != 4)
        return -1;
    check_str(type, "file");
    return used / 4;
}

static void test_priorities(void)
{
    int prio;

    make_area(AREA, 129);
    make_area(AREA2, 129);
    check_ok(swapon(AREA, SWAP_FLAG_PREFER | 5));
    check_ok(swapon(AREA2, SWAP_FLAG_PREFER | 10));
    char *p = swapped(100, 17);
    check_int(area_used(AREA2, &prio), 100);
    check_int(prio, 10);
    check_int(area_used(AREA, &prio), 0);
    check_int(prio, 5);
    char *q = swapped(60, 18);
    check_int(area_used(AREA2, &prio), 128);
    check_int(area_used(AREA, &prio), 32);
    check_ok(swapoff(AREA2));
    check_int(area_used(AREA2, &prio), -1);
    check_int(check_pattern(p, 100 * PAGE, 17, 0), -1);
    check_int(check_pattern(q, 60 * PAGE, 18, 0), -1);
    munmap(p, 100 * PAGE);
    munmap(q, 60 * PAGE);
    check_ok(swapoff(AREA));
    check_ok(swapon(AREA, SWAP_FLAG_PREFER | 3)); /* equal ones take turns */
    check_ok(swapon(AREA2, SWAP_FLAG_PREFER | 3));
    p = swapped(160, 19);
    check(area_used(AREA, &prio) >= 32 && area_used(AREA2, &prio) >= 32);
    check_int(area_used(AREA, &prio) + area_used(AREA2, &prio), 160);
    check_ok(swapoff(AREA));
    check_int(check_pattern(p, 160 * PAGE, 19, 0), -1);
    munmap(p, 160 * PAGE);
    check_ok(swapoff(AREA2));
    check_ok(swapon(AREA, 0)); /* no wish: below zero */
    check_int(area_used(AREA, &prio), 0);
    check(prio < 0);
    check_ok(swapoff(AREA));
    unlink(AREA);
    unlink(AREA2);
}

static void test_errors(void)
{
    static struct swap_header h;
    int fd;

    check_errno(swapon("nothing", 0), ENOENT);
    check_errno(swapoff("nothing"), ENOENT);
    check_errno(swapon(NULL, 0), EFAULT);
    check_errno(swapoff((char *)KERNEL_ADDRESS), EFAULT);
    check_errno(swapon("/dev/null", 0), EINVAL);
    check_errno(swapon("/", 0), EISDIR);
    check_errno(swapoff("/"), EINVAL);
    make_area(AREA, 32);
    check_errno(swapon(AREA, 0x80000), EINVAL);
    check_errno(swapoff(AREA), EINVAL);
    fd = check_ok(open(AREA, O_RDWR));
    header_init(&h, 32);
    h.magic[3] ^= 1;
    write_header(fd, &h);
    check_errno(swapon(AREA, 0), EINVAL);
    header_init(&h, 32);
    h.version = 2;
    write_header(fd, &h);
    check_errno(swapon(AREA, 0), EINVAL);
    header_init(&h, 1);
    write_header(fd, &h);
    check_errno(swapon(AREA, 0), EINVAL);
    header_init(&h, 33);
    write_header(fd, &h);
    check_errno(swapon(AREA, 0), EINVAL); /* larger than the file */
    header_init(&h, 32);
    h.nr_badpages = 1;
    h.badpages[0] = 5;
    write_header(fd, &h);
    check_errno(swapon(AREA, 0), EINVAL); /* only a device has bad pages */
    header_init(&h, 20); /* smaller than the file: fine */
    write_header(fd, &h);
    check_ok(swapon(AREA, 0));
    check_int(swap_total(), 19);
    check_errno(swapon(AREA, 0), EBUSY);
    check_ok(swapoff(AREA));
    check_errno(swapoff(AREA), EINVAL);
    close(fd);
    fd = check_ok(open(AREA, O_RDWR | O_TRUNC)); /* all holes but the header */
    header_init(&h, 32);
    write_header(fd, &h);
    check_ok(ftruncate(fd, 32 * PAGE));
    check_errno(swapon(AREA, 0), EINVAL);
    check_ok(ftruncate(fd, 0));
    check_errno(swapon(AREA, 0), EINVAL);
    close(fd);
    unlink(AREA);
    pid_t pid = xfork();
    if (pid == 0) {
        check_ok(setuid(1000));
        check_errno(swapon("nothing", 0), EPERM);
        check_errno(swapoff("nothing"), EPERM);
        _exit(0);
    }
    check_exit(pid, 0);
}

static void test_busy_file(void)
{
    begin_swap(65);
    int fd = check_ok(open(AREA, O_RDWR));
    check_errno(write(fd, "x", 1), ETXTBSY);
    check_errno(ftruncate(fd, 0), ETXTBSY);
    check_errno(truncate(AREA, 100), ETXTBSY);
    check_errno(unlink(AREA), EPERM);
    check_errno(rename(AREA, AREA2), EPERM);
    check(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    check_int(errno, ETXTBSY);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED);
    check_errno(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
    check_ok(swapoff(AREA));
    check_errno(swapon(AREA, 0), EBUSY); /* mapped */
    munmap(p, PAGE);
    check_ok(ftruncate(fd, 0));
    close(fd);
    unlink(AREA);
    make_file("t", "x", 1);
    fd = check_ok(open("t", O_RDONLY));
    close(fd);
}

static void test_busy_mount(void)
{
    check_ok(mkdir("m", 0700));
    check_ok(mount("tmpfs", "m", "tmpfs", 0, ""));
    make_area("m/a", 16);
    check_errno(swapon("m/a", 0), EINVAL); /* no disk behind it */
    check_ok(umount("m"));
    check_errno(swapon("/dev/vda", 0), EBUSY);
}

const struct test swaparea_tests[] = {
    {"swap.priorities", test_priorities, T_NATIVE},
    {"swap.errors", test_errors, T_NATIVE},
    {"swap.busy_file", test_busy_file, T_NATIVE},
    {"swap.busy_mount", test_busy_mount, T_NATIVE},
    {NULL, NULL},
};
