/* The rest of the library: sorting, environment, options, time, directories, processes. */
#include "testlib.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct item {
    int key;
    char pad[9]; /* an odd size */
};

static int compare_items(const void *a, const void *b)
{
    int x = ((const struct item *)a)->key, y = ((const struct item *)b)->key;

    return (x > y) - (x < y);
}

static void test_qsort(void)
{
    static struct item items[1000];

    srand(2);
    for (int n = 0; n <= 1000; n = n < 20 ? n + 1 : n * 7 / 2) {
        for (int pattern = 0; pattern < 4; pattern++) {
            long sum = 0;
            for (int i = 0; i < n; i++) {
                int k = pattern == 0 ? rand() : pattern == 1 ? i : pattern == 2 ? -i : rand() % 3;
                items[i].key = k;
                memset(items[i].pad, k, sizeof(items[i].pad));
                sum += k;
            }
            qsort(items, n, sizeof(items[0]), compare_items);
            for (int i = 0; i < n; i++) {
                sum -= items[i].key;
                check(!i || items[i - 1].key <= items[i].key);
                check_int(items[i].pad[8], (char)items[i].key);
            }
            check_int(sum, 0);
        }
    }
}

static void test_bsearch(void)
{
    struct item items[50], key;

    for (int n = 0; n < 50; n++) {
        items[n].key = n * 2;
        for (int k = -1; k < 2 * n + 3; k++) {
            key.key = k;
            struct item *hit = bsearch(&key, items, n + 1, sizeof(items[0]), compare_items);
            check((hit != NULL) == (k >= 0 && k % 2 == 0 && k <= 2 * n));
            check(!hit || hit->key == k);
        }
    }
}

static void test_environment(void)
{
    char name[16];

    check_int(setenv("A_TEST", "one", 1), 0);
    check_str(getenv("A_TEST"), "one");
    setenv("A_TEST", "two", 0);
    check_str(getenv("A_TEST"), "one");
    setenv("A_TEST", "three", 1);
    check_str(getenv("A_TEST"), "three");
    check(!getenv("A_TES") && !getenv("A_TEST=") && !getenv(""));
    unsetenv("A_TEST");
    check(!getenv("A_TEST"));
    check(setenv("a=b", "x", 1) < 0 && errno == EINVAL);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "VAR%d", i);
        setenv(name, name, 1);
    }
    check_str(getenv("VAR57"), "VAR57");
    putenv((char *)"PUT=it");
    check_str(getenv("PUT"), "it");
    clearenv();
    check(!getenv("VAR57") && setenv("X", "y", 1) == 0 && strcmp(getenv("X"), "y") == 0);
}

static void test_getopt(void)
{
    char *argv[] = {(char *)"prog", (char *)"-a", (char *)"file", (char *)"-bval", (char *)"-c",
                    (char *)"arg",  (char *)"--", (char *)"-x",   NULL};
    char seen[16] = "";
    int c;

    opterr = 0;
    optind = 0; /* usertests has had options of its own */
    while ((c = getopt(8, argv, "ab:c:")) != -1) {
        char one[2] = {(char)c, 0};
        strcat(seen, one);
        if (c == 'b')
            check_str(optarg, "val");
        if (c == 'c')
            check_str(optarg, "arg");
    }
    check_str(seen, "abc");
    check_int(optind, 6);
    check_str(argv[6], "file");
    check_str(argv[7], "-x");
}

static void test_getopt_long(void)
{
    static const struct option longs[] = {
        {"verbose", no_argument, NULL, 'v'},
        {"output", required_argument, NULL, 'o'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    char *argv[] = {(char *)"prog",  (char *)"--output=x", (char *)"--verb", (char *)"--output",
                    (char *)"y",     (char *)"--ver",      (char *)"--nope", (char *)"-o",
                    NULL};

    opterr = 0;
    optind = 0; /* usertests has had options of its own */
    check_int(getopt_long(8, argv, "vo:", longs, NULL), 'o');
    check_str(optarg, "x");
    check_int(getopt_long(8, argv, "vo:", longs, NULL), 'v');
    check_int(getopt_long(8, argv, "vo:", longs, NULL), 'o');
    check_str(optarg, "y");
    check_int(getopt_long(8, argv, "vo:", longs, NULL), '?'); /* ambiguous */
    check_int(getopt_long(8, argv, "vo:", longs, NULL), '?');
    check_int(getopt_long(8, argv, "vo:", longs, NULL), '?'); /* no argument */
    check_int(getopt_long(8, argv, "vo:", longs, NULL), -1);
}

static void test_calendar(void)
{
    static const struct {
        time_t t;
        const char *text;
    } cases[] = {
        {0, "1970-01-01 00:00:00 4 001"},          {951782400, "2000-02-29 00:00:00 2 060"},
        {951868800, "2000-03-01 00:00:00 3 061"},  {-1, "1969-12-31 23:59:59 3 365"},
        {1709164800, "2024-02-29 00:00:00 4 060"}, {4107542400, "2100-03-01 00:00:00 1 060"},
        {1735689599, "2024-12-31 23:59:59 2 366"}, {-2203891200, "1900-03-01 00:00:00 4 060"},
    };
    char text[64];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tm *tm = gmtime(&cases[i].t);
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %w %j", tm);
        check_str(text, cases[i].text);
        check_int(timegm(tm), cases[i].t);
    }
    for (time_t t = -70000000000; t < 70000000000; t += 86399 * 29) {
        struct tm tm;
        check_int(timegm(gmtime_r(&t, &tm)), t);
    }
    struct tm odd = {.tm_year = 124, .tm_mon = 13, .tm_mday = 31, .tm_sec = -1};
    check_int(mktime(&odd), 1740959999);
    check_int(strftime(text, 4, "%Y", &odd), 0);
}

static void test_sleep(void)
{
    struct timespec before, after, wait = {0, 20000000};

    clock_gettime(CLOCK_MONOTONIC, &before);
    check_int(nanosleep(&wait, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long ns = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
    check(ns >= 20000000);
}

static void test_directory(void)
{
    char dir[] = "/tmp/dirent-XXXXXX", name[64];
    struct dirent **list, *d;
    int seen = 0;

    check(mkdtemp(dir) != NULL);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%s/file-with-a-longer-name-%03d", dir, i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        check(fd >= 0);
        close(fd);
    }
    DIR *open_dir = opendir(dir);
    check(open_dir != NULL);
    while ((d = readdir(open_dir)))
        seen++;
    check_int(seen, 302);
    rewinddir(open_dir);
    check(readdir(open_dir) != NULL);
    closedir(open_dir);
    int count = scandir(dir, &list, NULL, alphasort);
    check_int(count, 302);
    check_str(list[0]->d_name, ".");
    check_str(list[301]->d_name, "file-with-a-longer-name-299");
    for (int i = 0; i < 302; i++) {
        snprintf(name, sizeof(name), "%s/%s", dir, list[i]->d_name);
        unlink(name);
    }
    check_int(rmdir(dir), 0);
}

static void test_realpath(void)
{
    char dir[] = "/tmp/real-XXXXXX", out[PATH_MAX], want[64];

    check(mkdtemp(dir) && chdir(dir) == 0);
    check(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0 && symlink("a/b", "link") == 0);
    check(symlink("loop", "loop") == 0 && symlink("/tmp", "abs") == 0);
    snprintf(want, sizeof(want), "%s/a", dir);
    check_str(realpath("./link/../b/..", out), want);
    check_str(realpath("abs", out), "/tmp");
    check_str(realpath("/", out), "/");
    check(!realpath("loop", out) && errno == ELOOP);
    check(!realpath("a/none", out) && errno == ENOENT);
    unlink("link");
    unlink("loop");
    unlink("abs");
    rmdir("a/b");
    rmdir("a");
    chdir("/");
    rmdir(dir);
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

static void test_signal(void)
{
    sigset_t set;

    check(signal(SIGUSR1, on_signal) == SIG_DFL);
    check_int(raise(SIGUSR1), 0);
    check_int(caught, SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    check(sigismember(&set, SIGUSR1) == 1 && sigismember(&set, SIGUSR2) == 0);
    caught = 0;
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    check_int(caught, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    check_int(caught, SIGUSR1);
}

static jmp_buf env;

static void jump(int depth)
{
    if (depth > 0)
        jump(depth - 1);
    else if (depth == 0)
        longjmp(env, 42);
}

static void test_setjmp(void)
{
    volatile int rounds = 0;
    int r = setjmp(env);

    rounds++;
    if (!r)
        jump(5);
    check(r == 42 && rounds == 2);
    r = setjmp(env);
    if (!r)
        longjmp(env, 0);
    check_int(r, 1);
}

static int exits;

static void first_exit(void)
{
    _exit(exits == 40 ? 7 : 8);
}

static void count_exit(void)
{
    exits++;
}

static void test_atexit(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        atexit(first_exit);
        for (int i = 0; i < 40; i++)
            atexit(count_exit);
        exit(0);
    }
    waitpid(pid, &status, 0);
    check_int(WEXITSTATUS(status), 7);
}

static void test_vfork(void)
{
    int status;
    pid_t pid = vfork();

    if (pid == 0)
        _exit(5);
    check(pid > 0 && waitpid(pid, &status, 0) == pid);
    check_int(WEXITSTATUS(status), 5);
    check(getauxval(AT_PAGESZ) == 4096 && getpagesize() == 4096);
}

static void test_errno(void)
{
    check(close(-1) == -1 && errno == EBADF);
    check(open("/none/such", O_RDONLY) == -1 && errno == ENOENT);
    check_str(strerror(ENOENT), "No such file or directory");
    check_str(strerror(12345), "Unknown error 12345");
    check_str(strsignal(SIGSEGV), "Segmentation fault");
    char *argv[] = {(char *)"x", NULL};
    check(execvp("no-such-program", argv) == -1 && errno == ENOENT);
}

const struct test library_tests[] = {
    {"qsort", test_qsort},           {"bsearch", test_bsearch},
    {"environment", test_environment}, {"getopt", test_getopt},
    {"getopt_long", test_getopt_long}, {"calendar", test_calendar},
    {"sleep", test_sleep},           {"directory", test_directory},
    {"realpath", test_realpath},     {"signal", test_signal},
    {"setjmp", test_setjmp},         {"atexit", test_atexit},
    {"vfork", test_vfork},           {"errno", test_errno},
    {NULL, NULL},
};
