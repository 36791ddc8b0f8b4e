/* clone: what its flags share. */
#include "testutil.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[4][32768];
#define TOP(i) (stack[i] + sizeof(stack[i]))

static volatile int word, go;
static char *volatile mapped;

static void wait_for(volatile int *w, int value)
{
    for (int tries = 0; *w != value; tries++) {
        check(tries < 5000);
        sleep_ms(1);
    }
}

static int count_up(void *arg)
{
    for (int i = 0; i < 1000; i++)
        __atomic_fetch_add(&word, 1, __ATOMIC_RELAXED);
    mapped = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mapped[3 * PAGE] = 'm';
    wait_for(&go, 1);
    return *(int *)arg;
}

/* Processes in one address space: each on its own stack, all at once. */
static void test_vm(void)
{
    int codes[3] = {11, 12, 13};
    pid_t pids[3];

    for (int i = 0; i < 3; i++)
        pids[i] = check_ok(clone(count_up, TOP(i), CLONE_VM | SIGCHLD, &codes[i]));
    wait_for(&word, 3000);
    while (!mapped || mapped[3 * PAGE] != 'm')
        sleep_ms(1);
    char *p = mapped; /* what one of them has mapped is everybody's */
    go = 1;
    for (int i = 0; i < 3; i++)
        check_exit(pids[i], codes[i]);
    check_int(p[3 * PAGE], 'm'); /* and stays */
    check_ok(munmap(p, 8 * PAGE));
}

#define AREA (16 * PAGE)

static int touch_all(void *area)
{
    volatile char *p = area;

    __atomic_fetch_add(&word, 1, __ATOMIC_RELAXED);
    while (!go)
        for (size_t at = 0; at < AREA; at += PAGE)
            p[at] = 1;
    return 0;
}

/* Pages go while another thread's fault has only just mapped them: new ones, and private copies of
 * a file's. */
static void test_discard(void)
{
    int fd = check_ok(memfd_create("file", 0));
    pid_t pids[3];

    check_ok(ftruncate(fd, AREA));
    char *p = map_anon(2 * AREA);
    check(mmap(p + AREA, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + AREA);
    go = word = 0;
    for (int i = 0; i < 3; i++)
        pids[i] = check_ok(clone(touch_all, TOP(i), CLONE_VM | SIGCHLD, p + (i > 0) * AREA));
    wait_for(&word, 3);
    for (int i = 0; i < 60; i++) {
        check_ok(madvise(p, 2 * AREA, MADV_DONTNEED));
        (void)*(volatile char *)(p + AREA + i % 16 * PAGE); /* found by its store: copied */
    }
    go = 1;
    for (int i = 0; i < 3; i++)
        check_exit(pids[i], 0);
    check_ok(munmap(p, 2 * AREA));
    check_ok(close(fd));
}

static int set_word(void *value)
{
    word = (int)(long)value;
    sleep_ms(20);
    return word;
}

static int run_other(void *unused)
{
    word = 5;
    execl("/proc/self/exe", "usertests", "--as", "exit", "9", NULL);
    return 1;
}

static void test_vfork(void)
{
    pid_t pid = check_ok(clone(set_word, TOP(0), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)4L));

    check_int(word, 4); /* it is over when we go on */
    check_exit(pid, 4);
    pid = check_ok(clone(run_other, TOP(0), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
    check_int(word, 5);
    check_exit(pid, 9);
    pid = check_ok(clone(run_other, TOP(0), CLONE_VM | SIGCHLD, NULL)); /* exec leaves our memory */
    check_exit(pid, 9);
    pid = check_ok(clone(set_word, TOP(0), CLONE_VFORK | SIGCHLD, (void *)6L)); /* a copy */
    check_int(word, 5);
    check_exit(pid, 6);
}

static int open_seven(void *unused)
{
    int fd = open("/dev/null", O_RDONLY);

    return dup2(fd, 77) == 77 && close(5) == 0 ? 0 : 1;
}

static void test_files(void)
{
    int five = check_ok(open("/dev/zero", O_RDONLY));

    check_int(dup2(five, 5), 5);
    check_exit(check_ok(clone(open_seven, TOP(0), SIGCHLD, NULL)), 0);
    check_errno(fcntl(77, F_GETFD), EBADF);
    check_ok(fcntl(5, F_GETFD));
    check_exit(check_ok(clone(open_seven, TOP(0), CLONE_FILES | SIGCHLD, NULL)), 0);
    check_ok(fcntl(77, F_GETFD));
    check_errno(fcntl(5, F_GETFD), EBADF);
}

static int change_place(void *unused)
{
    umask(0123);
    return chdir("d") || setgid(1001) || setuid(1000);
}

static void test_fs(void)
{
    char cwd[256], *end;

    check_ok(mkdir("d", 0777));
    umask(022);
    check_exit(check_ok(clone(change_place, TOP(0), SIGCHLD, NULL)), 0);
    check(getcwd(cwd, sizeof cwd) != NULL);
    check_int(umask(022), 022);
    check_exit(check_ok(clone(change_place, TOP(0), CLONE_FS | SIGCHLD, NULL)), 0);
    check_int(umask(022), 0123);
    end = cwd + strlen(cwd);
    check(getcwd(cwd, sizeof cwd) != NULL);
    check_str(end, "/d");
    check_int(getuid(), 0); /* who one is, is nobody else's affair */
    check_int(getegid(), 0);
    check_ok(chdir(".."));
}

static void handler(int sig) { word = sig; }

static int install(void *unused) { return signal(SIGUSR1, handler) == SIG_ERR; }

static int run_after(void *unused)
{
    signal(SIGUSR2, SIG_IGN);
    return run_other(NULL);
}

static void test_sighand(void)
{
    const int share = CLONE_VM | CLONE_SIGHAND | SIGCHLD;
    struct sigaction old;

    signal(SIGUSR2, handler);
    check_exit(check_ok(clone(install, TOP(0), CLONE_VM | SIGCHLD, NULL)), 0);
    check_ok(sigaction(SIGUSR1, NULL, &old));
    check(old.sa_handler == SIG_DFL);
    check_exit(check_ok(clone(install, TOP(0), share, NULL)), 0);
    check_ok(sigaction(SIGUSR1, NULL, &old));
    check(old.sa_handler == handler);
    check_ok(raise(SIGUSR1));
    check_int(word, SIGUSR1);
    pid_t pid = xfork(); /* has a copy, as always */
    if (pid == 0)
        _exit(signal(SIGUSR1, SIG_DFL) != handler);
    check_exit(pid, 0);
    check_ok(raise(SIGUSR1));
    check_exit(check_ok(clone(run_after, TOP(0), share, NULL)), 9); /* exec parts from us */
    check_ok(sigaction(SIGUSR1, NULL, &old));
    check(old.sa_handler == handler);
    check_ok(sigaction(SIGUSR2, NULL, &old));
    check(old.sa_handler == SIG_IGN);
}

static int die(void *unused) { return *(volatile char *)NULL; }

static void test_errors(void)
{
    int status;

    check_errno(clone(NULL, TOP(0), SIGCHLD, NULL), EINVAL);
    check_errno(clone(die, NULL, SIGCHLD, NULL), EINVAL);
    check_errno(clone(die, TOP(0), CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
    check_errno(clone(die, TOP(0), CLONE_THREAD | CLONE_VM, NULL), EINVAL);
    check_errno(clone(die, TOP(0), CLONE_NEWPID | SIGCHLD, NULL), EINVAL);
    /* one that dies does not take those with it that share its memory */
    pid_t pid = check_ok(clone(die, TOP(0), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    pid = check_ok(syscall(SYS_clone, CLONE_VM | SIGCHLD, KERNEL_ADDRESS, 0, 0, 0));
    check(pid > 0); /* a stack that is none: its first use ends the child, or it does not need it */
    check_ok(kill(pid, SIGKILL));
    check_int(waitpid(pid, &status, 0), pid);
}

const struct test clone_tests[] = {
    {"clone.vm", test_vm, T_NATIVE},
    {"clone.discard", test_discard, T_NATIVE},
    {"clone.vfork", test_vfork, T_NATIVE},
    {"clone.files", test_files, T_NATIVE},
    {"clone.fs", test_fs, T_NATIVE},
    {"clone.sighand", test_sighand, T_NATIVE},
    {"clone.errors", test_errors, T_NATIVE},
    {NULL, NULL},
};
