/*
 * init: the first process.
 *
 *   init            mounts /proc, /sys, /dev and /tmp, then keeps a shell on the console running
 *   init -c CMD     ... runs `sh -c CMD` once, syncs, and powers off with the command's status
 *   init -m MARK -e CMD
 *                   the same, after a line with MARK; in CMD %xx stands for the byte xx
 *
 * The kernel passes what follows `--` on its command line as arguments, which is how `make run`
 * hands over its command: MARK tells it where firmware's and kernel's lines end, and the encoding
 * brings blanks and quotes through.  The status reaches the host through reboot(2), see
 * abi/reboot.h.
 *
 * All along, init collects the orphans that the kernel gives it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONSOLE "/dev/console"

static void mount_one(const char *type, const char *target, unsigned long flags, const char *data)
{
    if (mkdir(target, 0755) < 0 && errno != EEXIST && errno != EROFS)
        warn("%s", target);
    if (mount(type, target, type, flags, data) < 0 && errno != EBUSY)
        warn("cannot mount %s on %s", type, target);
}

static void mount_all(void)
{
    mount_one("devtmpfs", "/dev", MS_NOSUID, "mode=755");
    mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* The kernel has opened the console for us unless the root image has no /dev/console. */
static void open_console(void)
{
    if (fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0 &&
        fcntl(STDERR_FILENO, F_GETFD) >= 0)
        return;
    int fd = open(CONSOLE, O_RDWR | O_NOCTTY);
    if (fd < 0)
        return;
    for (int to = STDIN_FILENO; to <= STDERR_FILENO; to++) {
        if (fcntl(to, F_GETFD) < 0)
            dup2(fd, to);
    }
    if (fd > STDERR_FILENO)
        close(fd);
}

static void set_environment(void)
{
    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 0);
    setenv("HOME", "/root", 0);
    setenv("TERM", "vt100", 0);
    setenv("USER", "root", 0);
    setenv("SHELL", "/bin/sh", 0);
}

/* A session of its own, so that the terminal sends ^C to the shell's jobs and not to init. */
static pid_t start_shell(char **argv)
{
    sigset_t none = 0;
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    ioctl(STDIN_FILENO, TIOCSCTTY, 0L);
    if (chdir(getenv("HOME")) < 0)
        chdir("/");
    execv("/bin/sh", argv);
    warn("/bin/sh");
    _exit(127);
}

/* Collects every child that ends until it is this one. */
static int wait_for(pid_t pid)
{
    int status = 0;

    for (;;) {
        pid_t ended = wait(&status);
        if (ended == pid)
            return status;
        if (ended < 0 && errno != EINTR)
            return 127 << 8;
    }
}

static _Noreturn void stop_machine(int exit_status)
{
    char text[32];

    snprintf(text, sizeof(text), "exit:%d", exit_status);
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, text);
    reboot(RB_POWER_OFF); /* another kernel may know no such string */
    for (;;)
        pause();
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; the bytes left over become zero, as /proc/1/cmdline shows them too. */
static void percent_decode(char *s)
{
    char *out = s;

    for (; *s; s++) {
        if (s[0] == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
            *out++ = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
            s += 2;
        } else {
            *out++ = *s;
        }
    }
    memset(out, 0, (size_t)(s - out) + 1);
}

static _Noreturn void run_once(char **argv)
{
    argv[0] = (char *)"sh";
    if (argv[1] && argv[2] && strcmp(argv[1], "-m") == 0) {
        printf("%s\n", argv[2]);
        fflush(stdout);
        argv += 2;
        argv[0] = (char *)"sh";
    }
    if (argv[1] && argv[2] && strcmp(argv[1], "-e") == 0) {
        argv[1] = (char *)"-c";
        percent_decode(argv[2]);
    }
    pid_t pid = start_shell(argv);
    if (pid < 0) {
        warn("fork");
        stop_machine(127);
    }
    int status = wait_for(pid);
    stop_machine(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* A shell that ends at once is not started again before a second has passed. */
static _Noreturn void run_forever(void)
{
    char *argv[] = {(char *)"-sh", NULL};

    for (;;) {
        time_t started = time(NULL);
        pid_t pid = start_shell(argv);
        if (pid < 0)
            warn("fork");
        else
            wait_for(pid);
        if (time(NULL) - started < 1)
            sleep(1);
    }
}

int main(int argc, char **argv)
{
    if (getpid() != 1)
        errx(1, "only the kernel starts init; use poweroff or reboot to stop");
    mount_all();
    open_console();
    set_environment();
    signal(SIGINT, SIG_IGN);
    if (argc > 1)
        run_once(argv);
    run_forever();
}
