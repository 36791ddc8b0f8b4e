/*
 * The runner: see testlib.h.
 *
 *   runner --fork--> test, leader of a process group, in a directory of its own
 *      ^               |
 *      `-- pipe -------'  a reason, or nothing; ends when the test and all its children are gone
 *
 * A test that leaks memory in the kernel fails. Some of the first run is caches and tables that
 * stay, so the rule is: a test leaks when each of LEAK_RUNS runs in a row leaves less than it
 * found.
 */
#include "testlib.h"
#include "leak.h"
#include "testutil.h"
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEAK_RUNS   6
#define SKIP_STATUS 77
#define DIRS_MAX    4
#define GRACE_MS    2000 /* for the end of what was killed */

uint64_t test_seed;
int test_emulated;

static int reason_fd;      /* the child's way to tell why */
static int time_limit = 120; /* seconds; ends what hangs: a busy host may run us ten times slower */
static int repeat = 1;
static const char *dirs[DIRS_MAX + 1];
static int dir_count, leak_checks;
static int passed, failed, skipped;

enum outcome { PASS, FAIL, SKIP };

_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < (int)sizeof(text))
        snprintf(text + n, sizeof(text) - n, " (%s:%d)", basename(file), line);
    write(reason_fd, text, strlen(text));
    _exit(1);
}

_Noreturn void test_skip(const char *why)
{
    write(reason_fd, why, strlen(why));
    _exit(SKIP_STATUS);
}

/* Reads until the child and all that it started have closed the pipe; 0 when that takes too long.
 */
static int read_reason(int fd, char *reason, size_t size, int timeout_ms)
{
    uint64_t end = now_us() + timeout_ms * 1000UL;
    size_t done = strlen(reason);

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint64_t now = now_us();
        if (now >= end || poll(&p, 1, (end - now) / 1000 + 1) == 0)
            return 0;
        ssize_t n = read(fd, reason + done, size - 1 - done);
        if (n <= 0)
            return 1;
        done += n;
        reason[done] = 0;
        if (done == size - 1)
            return 1;
    }
}

/* Removes what is in the directory; mounts in it first. */
static void remove_contents(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char name[512];

    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (unlink(name) == 0)
            continue;
        while (umount2(name, 0) == 0)
            continue;
        chmod(name, 0700);
        remove_contents(name);
        rmdir(name);
    }
    if (d)
        closedir(d);
}

static void remove_directory(const char *path)
{
    pid_t pid = fork(); /* a child's heap ends with it: the runner must not grow */

    if (pid == 0) {
        for (int i = 0; i < 5 && rmdir(path) < 0 && errno != ENOENT; i++)
            remove_contents(path);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static _Noreturn void be_test(const struct test *t, const char *where, int fd)
{
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN); /* output from the background is fine */
    reason_fd = fd;
    if (chdir(where) < 0)
        test_fail(__FILE__, __LINE__, "%s: %m", where);
    umask(022);
    t->fn();
    _exit(0);
}

static enum outcome judge(int in_time, int status, const char *reason, char *why, size_t size)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_STATUS) {
        snprintf(why, size, "%s", reason);
        return SKIP;
    }
    if (!in_time)
        snprintf(why, size, "not over after %d s %s", time_limit, reason);
    else if (WIFSIGNALED(status))
        snprintf(why, size, "killed by signal %d (%s) %s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)), reason);
    else if (*reason)
        snprintf(why, size, "%s", reason);
    else if (WEXITSTATUS(status))
        snprintf(why, size, "status %d", WEXITSTATUS(status));
    else
        return PASS;
    return FAIL;
}

/* Runs the test once, in a new directory of `dir`. */
static enum outcome run_once(const struct test *t, const char *dir, char *why, size_t size)
{
    static int serial;
    char reason[512] = "", where[128];
    int fds[2], status = 0;

    snprintf(where, sizeof(where), "%s/usertests.%d.%d", dir, getpid(), serial++);
    if (mkdir(where, 0755) < 0 || pipe(fds) < 0) {
        snprintf(why, size, "%s: %m", where);
        return errno == EROFS ? SKIP : FAIL;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        be_test(t, where, fds[1]);
    }
    close(fds[1]);
    setpgid(pid, pid); /* whoever comes first */
    int in_time = read_reason(fds[0], reason, sizeof(reason), time_limit * 1000);
    kill(-pid, SIGKILL);
    if (!in_time)
        read_reason(fds[0], reason, sizeof(reason), GRACE_MS);
    close(fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        snprintf(reason, sizeof(reason), "no child: %m");
    remove_directory(where);
    return judge(in_time, status, reason, why, size);
}

/* Runs it until one run leaves no less memory than it found. */
static enum outcome run_checked(const struct test *t, const char *dir, char *why, size_t size)
{
    static struct holdings before, after;

    if (!leak_checks || t->flags & T_KEEPS)
        return run_once(t, dir, why, size);
    leak_count(&before, NULL);
    for (int i = 0; i < LEAK_RUNS; i++) {
        enum outcome o = run_once(t, dir, why, size);
        if (o != PASS)
            return o;
        leak_count(&after, &before);
        if (!leak_compare(&before, &after, why, size))
            return PASS;
        before = after;
    }
    size_t n = strlen(why);
    snprintf(why + n, size - n, " lost in the kernel, run after run (leak)");
    return FAIL;
}

/* How the directories' variants of a test are told apart: the kind of file system. */
static const char *kind_of(const char *dir)
{
    struct statfs fs;

    if (statfs(dir, &fs) < 0)
        return "none";
    switch (fs.f_type) {
    case 0xef53: return "ext2";
    case 0x01021994: return "tmpfs";
    default: return "other";
    }
}

static int is_wanted(const char *name, char **words)
{
    if (!*words)
        return 1;
    for (; *words; words++) {
        if (strstr(name, *words))
            return 1;
    }
    return 0;
}

static void run_named(const struct test *t, const char *name, const char *dir)
{
    static char why[768];
    enum outcome o = PASS;

    fflush(stdout); /* a child must not print it again */
    *why = 0;
    if (t->flags & T_NATIVE && test_emulated) {
        skipped++;
        return;
    }
    for (int i = 0; i < repeat && o == PASS; i++)
        o = run_checked(t, dir, why, sizeof(why));
    if (o == PASS) {
        passed++;
        printf("ok %s\n", name);
    } else if (o == SKIP) {
        skipped++;
        printf("skip %s: %s\n", name, why);
    } else {
        failed++;
        printf("FAIL %s: %s\n", name, why);
    }
}

static void consider(const struct test *t, int list, char **words)
{
    char name[96];

    for (int i = 0; i < (t->flags & T_DIRS ? dir_count : 1); i++) {
        if (t->flags & T_DIRS)
            snprintf(name, sizeof(name), "%s/%s", t->name, kind_of(dirs[i]));
        else
            snprintf(name, sizeof(name), "%s", t->name);
        if (!is_wanted(name, words))
            continue;
        if (list)
            puts(name);
        else
            run_named(t, name, dirs[i]);
    }
}

/* QEMU's user mode shows the host's processors. */
static int is_emulated(void)
{
    char text[2048];

    return read_text("/proc/cpuinfo", text, sizeof(text)) && !strstr(text, "hart");
}

static int run_helper(int argc, char **argv)
{
    if (strcmp(argv[1], "--as") != 0) { /* as a script's interpreter: show the arguments */
        for (int i = 1; i < argc; i++)
            printf("[%s]", argv[i]);
        return 0;
    }
    for (const struct helper *h = exec_helpers; argc > 2 && h->name; h++) {
        if (strcmp(h->name, argv[2]) == 0)
            return h->fn(argc - 2, argv + 2);
    }
    return 126;
}

static int parse_options(int argc, char **argv)
{
    int c, list = 0;

    test_seed = now_us();
    while ((c = getopt(argc, argv, "ls:n:t:d:")) != -1) {
        if (c == 'l')
            list = 1;
        else if (c == 's')
            test_seed = strtoull(optarg, NULL, 0);
        else if (c == 'n')
            repeat = atoi(optarg);
        else if (c == 't')
            time_limit = atoi(optarg);
        else if (c == 'd' && dir_count < DIRS_MAX)
            dirs[dir_count++] = optarg;
        else
            exit(2);
    }
    return list;
}

static void find_directories(void)
{
    if (dir_count)
        return;
    dirs[dir_count++] = "/tmp";
    dirs[dir_count++] = test_emulated ? "/dev/shm" : "/";
}

int run_tests(const struct test *const *tables, int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[1], "--as", 4) == 0)
        return run_helper(argc, argv);

    int list = parse_options(argc, argv);
    test_emulated = is_emulated();
    leak_checks = leak_checkable();
    find_directories();
    if (!list)
        printf("usertests: seed %lu%s\n", test_seed, leak_checks ? "" : ", leaks are not checked");
    for (; *tables; tables++) {
        for (const struct test *t = *tables; t->name; t++)
            consider(t, list, argv + optind);
    }
    if (list)
        return 0;
    if (skipped)
        printf("%d skipped\n", skipped);
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
