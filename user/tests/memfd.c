/* memfd_create: files without a name, and seals. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

static void test_file(void)
{
    int fd = check_ok(memfd_create("some name", MFD_CLOEXEC));
    char text[100], path[64];
    struct stat st;

    check_int(fcntl(fd, F_GETFD), FD_CLOEXEC);
    check_ok(fstat(fd, &st));
    check(S_ISREG(st.st_mode) && st.st_size == 0 && st.st_nlink == 0);
    check_int(st.st_mode & 0777, 0777);
    check_ok(ftruncate(fd, 4 * PAGE));
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED && all_bytes(p, 0, 4 * PAGE));
    fill_pattern(p, 4 * PAGE, 1, 0);
    check_int(pread(fd, text, 100, PAGE - 50), 100);
    check_int(check_pattern(text, 100, 1, PAGE - 50), -1);
    check_int(pwrite(fd, "hello", 5, 2 * PAGE), 5);
    check(memcmp(p + 2 * PAGE, "hello", 5) == 0);
    check_ok(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
    check(all_bytes(p + PAGE, 0, PAGE));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    check_str(text, "/memfd:some name (deleted)");
    int again = check_ok(open(path, O_RDONLY));
    check_int(pread(again, text, 5, 2 * PAGE), 5);
    check(memcmp(text, "hello", 5) == 0);
    pid_t pid = xfork();
    if (pid == 0) {
        p[3 * PAGE] = 'c';
        _exit(0);
    }
    check_exit(pid, 0);
    close(fd);
    close(again);
    check_int(p[3 * PAGE], 'c'); /* the mapping keeps it */
}

static void test_sizes(void)
{
    int a = check_ok(memfd_create("", 0)), b = check_ok(memfd_create("", 0));
    struct stat sa, sb;

    check_ok(fstat(a, &sa));
    check_ok(fstat(b, &sb));
    check(sa.st_ino != sb.st_ino); /* the same name, and two files */
    check_int(write(a, "x", 1), 1);
    check_int(read(b, &sa, 1), 0);
    check_ok(ftruncate(b, 1L << 40)); /* holes cost nothing */
    check_int(pwrite(b, "y", 1, (1L << 40) - 1), 1);
}

static void test_errors(void)
{
    static char name[400];

    memset(name, 'n', 399);
    check_errno(memfd_create(name, 0), EINVAL);
    name[250] = '\0';
    check_errno(memfd_create(name, 0), EINVAL);
    name[249] = '\0';
    check_ok(memfd_create(name, 0));
    check_errno(memfd_create("x", 0x100), EINVAL);
    check_errno(memfd_create("x", MFD_EXEC | MFD_NOEXEC_SEAL), EINVAL);
    check_errno(memfd_create((char *)KERNEL_ADDRESS, 0), EFAULT);
    check_errno(memfd_create(NULL, 0), EFAULT);
}

static void store(void *p) { *(volatile char *)p = 1; }

static void test_seals(void)
{
    int fd = check_ok(memfd_create("sealed", MFD_ALLOW_SEALING));
    char data[100] = "data";

    check_int(fcntl(fd, F_GET_SEALS), 0);
    check_int(pwrite(fd, data, 100, 0), 100);
    check_ok(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    check_errno(pwrite(fd, data, 100, 1), EPERM);
    check_errno(ftruncate(fd, 101), EPERM);
    check_errno(fallocate(fd, 0, 0, 101), EPERM);
    check_int(pwrite(fd, data, 50, 50), 50);
    check_ok(ftruncate(fd, 90));
    check_ok(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    check_errno(ftruncate(fd, 89), EPERM);
    check_int(fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK);
    char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED);
    check_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    check_ok(mprotect(p, PAGE, PROT_READ)); /* it may become writable again */
    check_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    check_ok(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    check_ok(mprotect(p, PAGE, RW));
    p[0] = 'D';
    check_errno(pwrite(fd, "x", 1, 0), EPERM);
    check_ok(munmap(p, PAGE));
    check_ok(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    check_errno(pwrite(fd, "x", 1, 0), EPERM);
    check_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10), EPERM);
    check_errno(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EPERM);
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED && memcmp(p, "Data", 5) == 0);
    check_errno(mprotect(p, PAGE, RW), EACCES);
    check_killed(store, p, SIGSEGV);
    p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0); /* a copy is one's own */
    p[0] = 'p';
    check_ok(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    check_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
}

static void test_seal_errors(void)
{
    int fd = check_ok(memfd_create("x", MFD_ALLOW_SEALING));
    int plain = check_ok(memfd_create("plain", 0));
    int noexec = check_ok(memfd_create("data", MFD_NOEXEC_SEAL)), file;
    char path[64];

    check_int(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
    check_errno(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    check_errno(fcntl(fd, F_ADD_SEALS, 0x1000), EINVAL);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int ro = check_ok(open(path, O_RDONLY));
    check_errno(fcntl(ro, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    check_int(fcntl(ro, F_GET_SEALS), 0);
    file = check_ok(open("f", O_RDWR | O_CREAT, 0644));
    check_errno(fcntl(file, F_GET_SEALS), EINVAL);
    check_errno(fcntl(file, F_ADD_SEALS, F_SEAL_GROW), EINVAL);
    check_int(fcntl(noexec, F_GET_SEALS), F_SEAL_EXEC);
    check_errno(fchmod(noexec, 0777), EPERM);
    check_ok(fchmod(noexec, 0600));
}

/* Its pages go to swap as other shared memory's do. */
static long swapped_out(int fd) { return proc_value("/proc/vmstat", "pswpout") - fd; }

static void test_swap(void)
{
    static char old[32];

    if (ram_bytes() > 48 * MIB)
        test_skip("more memory than the disk can fill");
    begin_swap(2049);
    check(read_text(SWAPPINESS, old, sizeof old) != NULL);
    check_int(put_text(SWAPPINESS, "200"), 0);
    int fd = check_ok(memfd_create("swapped", 0));
    check_ok(ftruncate(fd, 64 * PAGE));
    char *p = mmap(NULL, 64 * PAGE, RW, MAP_SHARED, fd, 0);
    fill_pattern(p, 64 * PAGE, 4, 0);
    check_ok(munmap(p, 64 * PAGE));
    long before = proc_value("/proc/vmstat", "pswpout"), in = proc_value("/proc/vmstat", "pswpin");
    press_until(swapped_out, before, 64);
    check(proc_value("/proc/vmstat", "pswpout") - before >= 64);
    p = mmap(NULL, 64 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    check_int(check_pattern(p, 64 * PAGE, 4, 0), -1);
    check(proc_value("/proc/vmstat", "pswpin") - in >= 32);
    check_ok(munmap(p, 64 * PAGE));
    close(fd);
    check_int(put_text(SWAPPINESS, old), 0);
    end_swap();
}

const struct test memfd_tests[] = {
    {"memfd.file", test_file, T_NATIVE},
    {"memfd.sizes", test_sizes},
    {"memfd.errors", test_errors, T_NATIVE},
    {"memfd.seals", test_seals, T_NATIVE},
    {"memfd.seal_errors", test_seal_errors, T_NATIVE},
    {"memfd.swap", test_swap, T_NATIVE},
    {NULL, NULL},
};
