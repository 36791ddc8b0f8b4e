/* process_vm_readv and process_vm_writev. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct iovec vec(void *p, size_t n) { return (struct iovec){p, n}; }

static ssize_t read_from(pid_t pid, void *to, void *from, size_t n)
{
    struct iovec here = vec(to, n), there = vec(from, n);

    return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static ssize_t write_to(pid_t pid, void *to, void *from, size_t n)
{
    struct iovec here = vec(from, n), there = vec(to, n);

    return process_vm_writev(pid, &here, 1, &there, 1, 0);
}

/* A child that waits until we end, or kill it; with other user and group if uid is not 0. */
static pid_t sleeper(uid_t uid)
{
    int fds[2], life[2];
    char c;

    check_ok(pipe(fds));
    check_ok(pipe(life));
    pid_t pid = xfork();
    if (pid == 0) {
        close(life[1]);
        if (uid) {
            check_ok(setgid(uid));
            check_ok(setuid(uid));
        }
        check_int(write(fds[1], "", 1), 1);
        _exit((int)read(life[0], &c, 1));
    }
    check_int(read(fds[0], &c, 1), 1);
    close(fds[0]);
    close(fds[1]);
    close(life[0]);
    return pid;
}

static void end(pid_t pid)
{
    check_ok(kill(pid, SIGKILL));
    check_int(waitpid(pid, NULL, 0), pid);
}

/* Another process's copies are read and written, not one's own. */
static void test_copy(void)
{
    char *p = map_anon(40 * PAGE), *data = map_anon(40 * PAGE);

    fill_pattern(p, 40 * PAGE, 1, 0);
    pid_t pid = sleeper(0);
    fill_pattern(p, 40 * PAGE, 2, 0);
    check_int(read_from(pid, data, p, 40 * PAGE), 40 * PAGE);
    check_int(check_pattern(data, 40 * PAGE, 1, 0), -1);
    fill_pattern(data, 40 * PAGE, 3, 0);
    check_int(write_to(pid, p + 10, data + 10, 30 * PAGE), 30 * PAGE);
    check_int(check_pattern(p, 40 * PAGE, 2, 0), -1);
    check_int(check_pattern(data, 40 * PAGE, 3, 0), -1);
    memset(data, 0, 40 * PAGE);
    check_int(read_from(pid, data, p, 40 * PAGE), 40 * PAGE);
    check_int(check_pattern(data, 10, 1, 0), -1);
    check_int(check_pattern(data + 10, 30 * PAGE, 3, 10), -1);
    check_int(check_pattern(data + 30 * PAGE + 10, 10 * PAGE - 10, 1, 30 * PAGE + 10), -1);
    end(pid);
    check_int(read_from(getpid(), data, p, PAGE), PAGE);
    check_int(check_pattern(data, PAGE, 2, 0), -1);
    check_int(write_to(getpid(), p, p + PAGE, PAGE), PAGE); /* from itself to itself */
    check_int(check_pattern(p, PAGE, 2, PAGE), -1);
}

static void test_vectors(void)
{
    char *p = map_anon(4 * PAGE), out[100];
    struct iovec here[12], there[12];

    fill_pattern(p, 4 * PAGE, 1, 0);
    pid_t pid = sleeper(0);
    for (int i = 0; i < 12; i++) {
        here[i] = vec(out + i * 5, i % 3 ? 5 : 0);
        there[i] = vec(p + PAGE - 20 + i * 3, 3);
    }
    check_int(process_vm_readv(pid, here, 12, there, 12, 0), 36); /* the shorter of the two */
    for (int i = 0, at = 0; at < 36; i++) {
        for (size_t k = 0; k < here[i].iov_len && at < 36; k++, at++)
            check_int(out[i * 5 + k], p[PAGE - 20 + at]);
    }
    check_int(process_vm_readv(pid, here, 2, there, 12, 0), 5);
    check_int(process_vm_readv(pid, here, 0, there, 12, 0), 0);
    check_int(process_vm_readv(pid, here, 12, there, 0, 0), 0);
    end(pid);
}

/* What cannot be had ends the transfer; what came before it counts. */
static void test_partial(void)
{
    char *p = map_anon(4 * PAGE), *data = map_anon(4 * PAGE), *none = map_anon(2 * PAGE);

    fill_pattern(p, 4 * PAGE, 1, 0);
    check_ok(munmap(none + PAGE, PAGE));
    check_ok(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
    check_ok(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
    pid_t pid = sleeper(0);
    check_int(read_from(pid, data, p + 100, 4 * PAGE - 100), 2 * PAGE - 100);
    check_errno(read_from(pid, data, p + 2 * PAGE, PAGE), EFAULT);
    check_int(read_from(pid, data, p + 3 * PAGE, PAGE), PAGE);
    check_errno(write_to(pid, p + 3 * PAGE, data, PAGE), EFAULT);
    check_int(read_from(pid, none + PAGE - 7, p, 100), 7); /* our own side ends */
    check_int(check_pattern(none + PAGE - 7, 7, 1, 0), -1);
    check_errno(read_from(pid, none + PAGE, p, 100), EFAULT);
    check_errno(read_from(pid, data, (void *)KERNEL_ADDRESS, 100), EFAULT);
    check_errno(read_from(pid, (void *)KERNEL_ADDRESS, p, 100), EFAULT);
    check_errno(read_from(pid, data, (char *)USER_END, 100), EFAULT);
    check_errno(read_from(pid, data, (char *)-100, 100), EFAULT);
    struct iovec here = vec(data, 4 * PAGE), there[] = {vec(p, 10), vec(none + PAGE, 1), vec(p, 5)};
    check_int(process_vm_readv(pid, &here, 1, there, 3, 0), 10);
    end(pid);
}

static void test_permissions(void)
{
    char *p = map_anon(PAGE), c = 'c';
    pid_t mine = sleeper(1000), others = sleeper(1001), roots = sleeper(0);

    check_int(read_from(others, &c, p, 1), 1); /* root may all */
    pid_t pid = xfork();
    if (pid == 0) {
        check_ok(setgid(1000));
        check_ok(setuid(1000));
        check_int(write_to(mine, p, &c, 1), 1);
        check_errno(read_from(others, &c, p, 1), EPERM);
        check_errno(write_to(others, p, &c, 1), EPERM);
        check_errno(read_from(roots, &c, p, 1), EPERM);
        check_errno(read_from(1, &c, p, 1), EPERM);
        check_int(read_from(getpid(), &c, p, 1), 1);
        _exit(0);
    }
    check_exit(pid, 0);
    end(mine);
    end(others);
    end(roots);
    pid = xfork();
    if (pid == 0)
        _exit(0);
    sleep_ms(20);
    check_errno(read_from(pid, &c, p, 1), ESRCH); /* a zombie has no memory */
    check_exit(pid, 0);
    check_errno(read_from(pid, &c, p, 1), ESRCH);
}

static void test_errors(void)
{
    char c;
    struct iovec one = vec(&c, 1), many = vec(&c, -1);

    check_errno(process_vm_readv(getpid(), &one, 1, &one, 1, 1), EINVAL);
    check_errno(process_vm_readv(getpid(), &one, -1, &one, 1, 0), EINVAL);
    check_errno(process_vm_readv(getpid(), &one, 1, &one, UIO_MAXIOV + 1, 0), EINVAL);
    check_errno(process_vm_readv(getpid(), &many, 1, &one, 1, 0), EINVAL);
    check_errno(process_vm_readv(getpid(), NULL, 1, &one, 1, 0), EFAULT);
    check_errno(process_vm_readv(getpid(), &one, 1, (void *)KERNEL_ADDRESS, 1, 0), EFAULT);
    check_errno(process_vm_readv(999999, &one, 1, &one, 1, 0), ESRCH);
    check_errno(process_vm_readv(-1, &one, 1, &one, 1, 0), ESRCH);
    check_errno(process_vm_writev(0, &one, 1, &one, 1, 0), ESRCH);
}

/* Files' pages become dirty, swapped ones come in, on both sides. */
static void test_pages(void)
{
    begin_swap(257);
    char *p = swapped(20, 4), *data = swapped(20, 5), buf[100];
    pid_t pid = sleeper(0);
    check_int(vm_swap(), 40);
    check_int(read_from(pid, data, p, 20 * PAGE), 20 * PAGE);
    check_int(check_pattern(data, 20 * PAGE, 4, 0), -1);
    make_file("f", data, 2 * PAGE);
    int fd = check_ok(open("f", O_RDWR));
    char *f = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pid_t second = sleeper(0);
    check_int(write_to(second, f + 100, "written by another", 18), 18);
    end(second);
    check_ok(munmap(f, 2 * PAGE));
    check_ok(fsync(fd));
    check_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
    check_int(pread(fd, buf, 18, 100), 18);
    check(memcmp(buf, "written by another", 18) == 0);
    end(pid);
    check_ok(munmap(p, 20 * PAGE));
    check_ok(munmap(data, 20 * PAGE));
    end_swap();
}

/* While the other forks and writes: each byte is of one process or the other, never of both. */
static void test_race(void)
{
    enum { ROUNDS = 60 };
    char *p = map_anon(8 * PAGE), *data = map_anon(8 * PAGE);

    memset(p, 'a', 8 * PAGE);
    pid_t pid = xfork();
    while (pid == 0) {
        pid_t child = fork();
        if (child == 0) {
            memset(p, 'c', 8 * PAGE);
            _exit(all_bytes(p, 'c', 8 * PAGE) ? 0 : 1);
        }
        check_exit(child, 0);
    }
    memset(data, 'w', 8 * PAGE);
    for (int i = 0; i < ROUNDS; i++) {
        memset(data, 'A' + i % 26, 8 * PAGE);
        check_int(write_to(pid, p, data, 8 * PAGE), 8 * PAGE);
        check_int(read_from(pid, data, p, 8 * PAGE), 8 * PAGE);
        check(all_bytes(data, 'A' + i % 26, 8 * PAGE));
    }
    check(all_bytes(p, 'a', 8 * PAGE));
    check_int(waitpid(pid, NULL, WNOHANG), 0); /* no check has failed there */
    end(pid);
}

const struct test access_tests[] = {
    {"process_vm.copy", test_copy, T_NATIVE},
    {"process_vm.vectors", test_vectors, T_NATIVE},
    {"process_vm.partial", test_partial, T_NATIVE},
    {"process_vm.permissions", test_permissions, T_NATIVE},
    {"process_vm.errors", test_errors, T_NATIVE},
    {"process_vm.pages", test_pages, T_NATIVE},
    {"process_vm.race", test_race, T_NATIVE},
    {NULL, NULL},
};
