/* Shared memory and files of tmpfs in swap: sent there by madvise(2) or by want of memory. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 100
#define BYTES (PAGES * PAGE)
#define AREA_PAGES 256

static char *map_shared(void)
{
    char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(p != MAP_FAILED);
    return p;
}

static void mount_tmpfs(const char *options)
{
    check_ok(mkdir("m", 0700));
    check_ok(mount("tmpfs", "m", "tmpfs", 0, options));
}

static void umount_tmpfs(void)
{
    struct statfs fs;

    check_ok(statfs("m", &fs));
    check_int(fs.f_bfree, fs.f_blocks);
    check_ok(umount("m"));
}

static long slots_used(void) { return swap_total() - swap_free(); }

/* m/f is made with the pattern of the seed, and mapped; its pages are out. */
static char *swapped_file(int *fd, uint64_t seed)
{
    char *buf = malloc(BYTES);

    fill_pattern(buf, BYTES, seed, 0);
    make_file("m/f", buf, BYTES);
    free(buf);
    *fd = check_ok(open("m/f", O_RDWR));
    char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    check(p != MAP_FAILED);
    page_out(p, BYTES);
    check_int(slots_used(), PAGES);
    return p;
}

static void test_anonymous(void)
{
    begin_swap(AREA_PAGES + 1);
    long shmem = proc_value("/proc/meminfo", "Shmem");
    long file = proc_value("/proc/self/status", "RssFile");
    char *p = map_shared();
    fill_pattern(p, BYTES, 21, 0);
    check_int(proc_value("/proc/self/status", "RssShmem"), BYTES / 1024);
    check_int(proc_value("/proc/self/smaps_rollup", "Pss_Shmem"), BYTES / 1024);
    check(proc_value("/proc/self/status", "RssFile") < file + (long)(BYTES / 1024));
    check_int(proc_value("/proc/meminfo", "Shmem") - shmem, BYTES / 1024);
    page_out(p, BYTES);
    check_int(slots_used(), PAGES);
    check_int(proc_value("/proc/meminfo", "Shmem") - shmem, 0);
    check_int(vm_swap(), 0); /* nobody's own */
    check_int(proc_value("/proc/self/status", "RssShmem"), 0);
    check_int(check_pattern(p, BYTES, 21, 0), -1);
    check_int(slots_used(), PAGES); /* clean: they keep their slots, and are not written again */
    long written = proc_value("/proc/vmstat", "pswpout");
    page_out(p, BYTES);
    check_int(proc_value("/proc/vmstat", "pswpout"), written);
    fill_pattern(p, 30 * PAGE, 22, 0);
    page_out(p, BYTES);
    check_int(proc_value("/proc/vmstat", "pswpout"), written + 30);
    check_int(check_pattern(p, 30 * PAGE, 22, 0), -1);
    check_int(check_pattern(p + 30 * PAGE, 70 * PAGE, 21, 30 * PAGE), -1);
    munmap(p, BYTES);
    check_int(slots_used(), 0);
    end_swap();
}

/* Parent and child see one memory, wherever it is. A page that both map stays. */
static void test_fork(void)
{
    begin_swap(AREA_PAGES + 1);
    char *p = map_shared();
    fill_pattern(p, BYTES, 23, 0);
    page_out(p, BYTES);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(check_pattern(p, BYTES, 23, 0), -1);
        fill_pattern(p, BYTES / 2, 24, 0);
        page_out(p, BYTES);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(check_pattern(p, BYTES / 2, 24, 0), -1);
    check_int(check_pattern(p + BYTES / 2, BYTES / 2, 23, BYTES / 2), -1);
    long written = proc_value("/proc/vmstat", "pswpout");
    pid = xfork();
    if (pid == 0) {
        for (int i = 0; i < 10; i++)
            p[i * PAGE] = 'c';
        page_out(p, 10 * PAGE);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(proc_value("/proc/vmstat", "pswpout"), written);
    for (int i = 0; i < 10; i++)
        check_int(p[i * PAGE], 'c');
    munmap(p, BYTES);
    check_int(slots_used(), 0);
    end_swap();
}

/* read, write and the mapping agree. */
static void test_file(void)
{
    char *buf = malloc(BYTES);
    struct stat st;
    int fd;

    begin_swap(AREA_PAGES + 1);
    mount_tmpfs("size=8M");
    char *p = swapped_file(&fd, 25);
    check_ok(fstat(fd, &st));
    check_int(st.st_blocks, BYTES / 512);
    check_int(read(fd, buf, BYTES), BYTES);
    check_int(check_pattern(buf, BYTES, 25, 0), -1);
    page_out(p, BYTES);
    fill_pattern(buf, 10 * PAGE, 26, 0);
    check_int(pwrite(fd, buf, 10 * PAGE, 50 * PAGE + 7), 10 * PAGE); /* parts of pages, too */
    page_out(p, BYTES);
    check_int(check_pattern(p, 50 * PAGE + 7, 25, 0), -1);
    check_int(check_pattern(p + 50 * PAGE + 7, 10 * PAGE, 26, 0), -1);
    check_int(check_pattern(p + 60 * PAGE + 7, 40 * PAGE - 7, 25, 60 * PAGE + 7), -1);
    char *q = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(q != MAP_FAILED);
    page_out(p, BYTES);
    q[0] = 'q'; /* a copy of a page that is out */
    check_int(check_pattern(q + 1, 50 * PAGE, 25, 1), -1);
    check_int(check_pattern(p, PAGE, 25, 0), -1);
    munmap(q, BYTES);
    munmap(p, BYTES);
    close(fd);
    free(buf);
    check_ok(unlink("m/f"));
    check_int(slots_used(), 0);
    umount_tmpfs();
    end_swap();
}

static void test_truncate(void)
{
    struct statfs fs;
    char *buf = malloc(BYTES);
    int fd;

    begin_swap(AREA_PAGES + 1);
    mount_tmpfs("size=2M");
    char *p = swapped_file(&fd, 27);
    check_ok(ftruncate(fd, 60 * PAGE + 100)); /* the page with the new end comes in */
    check_int(slots_used(), 61);
    check_ok(statfs("m", &fs));
    check_int(fs.f_blocks - fs.f_bfree, 61);
    check_ok(ftruncate(fd, BYTES));
    page_out(p, BYTES);
    check_int(pread(fd, buf, BYTES, 0), BYTES);
    check_int(check_pattern(buf, 60 * PAGE + 100, 27, 0), -1);
    check_int(all_bytes(buf + 60 * PAGE + 100, 0, 40 * PAGE - 100), 1);
    page_out(p, BYTES);
    munmap(p, BYTES);
    check_ok(unlink("m/f")); /* open: nothing goes yet */
    check_int(slots_used(), 61);
    check_int(pread(fd, buf, 10 * PAGE, 0), 10 * PAGE);
    check_int(check_pattern(buf, 10 * PAGE, 27, 0), -1);
    close(fd);
    check_int(slots_used(), 0);
    free(buf);
    umount_tmpfs();
    end_swap();
}

/* swapoff brings shared pages in, whoever has them. */
static void test_off(void)
{
    int fd;

    begin_swap(AREA_PAGES * 2 + 1);
    mount_tmpfs("size=8M");
    char *p = map_shared();
    fill_pattern(p, BYTES, 28, 0);
    char *q = swapped_file(&fd, 29);
    page_out(p, BYTES);
    check_int(slots_used(), 2 * PAGES);
    munmap(q, BYTES); /* only the file has them */
    end_swap();
    check_int(check_pattern(p, BYTES, 28, 0), -1);
    q = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
    check_int(check_pattern(q, BYTES, 29, 0), -1);
    munmap(p, BYTES);
    munmap(q, BYTES);
    close(fd);
    check_ok(unlink("m/f"));
    umount_tmpfs();
}

/* More files of tmpfs and shared memory than RAM: written, read twice, dropped. */
static void test_pressure(void)
{
    size_t pages = ram_bytes() * 5 / 8 / PAGE, each = pages * PAGE;
    char page[PAGE];

    if (ram_bytes() > 40 * MIB)
        test_skip("needs a small machine: MEM=32M");
    make_area(AREA, (unsigned)pages * 2 + 1024);
    check_ok(swapon(AREA, 0));
    mount_tmpfs("size=100%");
    char *p = mmap(NULL, each, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(p != MAP_FAILED);
    int fd = check_ok(open("m/f", O_RDWR | O_CREAT, 0600));
    for (size_t i = 0; i < pages; i++) {
        fill_pattern(p + i * PAGE, PAGE, i, 0);
        fill_pattern(page, PAGE, i + pages, 0);
        check_int(write(fd, page, PAGE), PAGE);
    }
    check(slots_used() > (long)pages / 4);
    for (int round = 0; round < 2; round++) {
        for (size_t k = 0; k < pages; k++) {
            size_t i = round ? (k * 7919) % pages : k;
            check_int(check_pattern(p + i * PAGE, PAGE, i, 0), -1);
            check_int(pread(fd, page, PAGE, (off_t)(i * PAGE)), PAGE);
            check_int(check_pattern(page, PAGE, i + pages, 0), -1);
        }
    }
    munmap(p, each);
    close(fd);
    check_ok(unlink("m/f"));
    umount_tmpfs();
    check(slots_used() < 64); /* those of the shell and the runner */
    end_swap();
}

static void write_byte(void *p) { *(volatile char *)p = 1; }

/* A file system in memory has a limit: by its option, else half of RAM. */
static void test_limit(void)
{
    static char buf[64 * KIB];
    struct statfs fs;
    ssize_t n;
    size_t written = 0;

    mount_tmpfs("size=1M");
    int fd = check_ok(open("m/f", O_RDWR | O_CREAT, 0600));
    while ((n = write(fd, buf, sizeof(buf))) > 0)
        written += (size_t)n;
    check_int(n, -1);
    check_int(errno, ENOSPC);
    check_int(written, MIB);
    char *p = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED);
    check_ok(ftruncate(fd, 2 * MIB)); /* a hole costs nothing */
    check_int(all_bytes(p + MIB, 0, MIB), 1);
    check_killed(write_byte, p + MIB, SIGBUS);
    munmap(p, 2 * MIB);
    close(fd);
    check_ok(unlink("m/f"));
    umount_tmpfs();
    check_ok(mount("tmpfs", "m", "tmpfs", 0, NULL));
    check_ok(statfs("m", &fs));
    check_int(fs.f_blocks, proc_value("/proc/meminfo", "MemTotal") / 4 / 2);
    check_ok(umount("m"));
}

const struct test swapshared_tests[] = {
    {"swapshared.anonymous", test_anonymous, T_NATIVE},
    {"swapshared.fork", test_fork, T_NATIVE},
    {"swapshared.file", test_file, T_NATIVE},
    {"swapshared.truncate", test_truncate, T_NATIVE},
    {"swapshared.off", test_off, T_NATIVE},
    {"swapshared.pressure", test_pressure, T_NATIVE},
    {"swapshared.limit", test_limit, T_NATIVE},
    {NULL, NULL},
};
