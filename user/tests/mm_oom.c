/*
 * Promises and their end: vm.overcommit_memory, Committed_AS, the OOM killer; and that the files of
 * /proc/sys/vm take numbers only. Each test puts back what it set.
 */
#include "testutil.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define VM "/proc/sys/vm/"

static void put_number(const char *path, long value)
{
    char number[24];

    snprintf(number, sizeof(number), "%ld\n", value);
    check_int(put_text(path, number), 0);
}

static long get(const char *path)
{
    char number[64];

    check(read_text(path, number, sizeof(number)) != NULL);
    return atol(number);
}

/* No number: EINVAL, and the file says what it said before. */
static void refuses_rubbish(const char *file)
{
    static const char *const rubbish[] = {
        "\n", "x", "1x", "x1", "-", "- 1", "-2000", "1 2", "1\n2\n", "0x10", "1.5", "+1",
        "99999999999999999999999", "18446744073709551616", "\377\377",
    };
    long before = get(file);

    for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
        if (put_text(file, rubbish[i]) != EINVAL)
            test_fail(__FILE__, __LINE__, "%s takes \"%s\"", file, rubbish[i]);
        check_int(get(file), before);
    }
}

/* Every file below a folder of /proc/sys that can be written and holds a number; how many. */
static int refuse_rubbish_below(const char *folder)
{
    char path[PATH_MAX];
    struct dirent *e;
    struct stat st;
    int files = 0;
    DIR *d = opendir(folder);

    check(d != NULL);
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.' || strstr(e->d_name, "name")) /* the machine's names are words */
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        check_int(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            files += refuse_rubbish_below(path);
        } else if (st.st_mode & S_IWUSR) {
            refuses_rubbish(path);
            files++;
        }
    }
    closedir(d);
    return files;
}

static void test_rubbish(void)
{
    refuses_rubbish("/proc/self/oom_score_adj");
    check(refuse_rubbish_below("/proc/sys") >= 15);
}

static void test_settings(void)
{
    static const char *const files[] = {VM "overcommit_ratio", VM "dirty_ratio",
                                        VM "dirty_background_ratio", VM "vfs_cache_pressure"};

    for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
        long before = get(files[f]);
        check_int(put_text(files[f], " 42 \n"), 0);
        check_int(get(files[f]), 42);
        put_number(files[f], before);
    }
    long before = get(VM "min_free_kbytes");
    put_number(VM "min_free_kbytes", before + 400);
    check(get(VM "min_free_kbytes") >= before + 392 && get(VM "min_free_kbytes") <= before + 400);
    put_number(VM "min_free_kbytes", before);
}

static long promised(void) { return proc_value("/proc/meminfo", "Committed_AS"); }

/* Committed_AS moves with every edit, by exactly what was edited. */
static void test_committed(void)
{
    long base = promised();
    char *p = mmap(NULL, 64 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    check_int(promised() - base, 256);
    check_ok(munmap(p + 16 * PAGE, 16 * PAGE));
    check_int(promised() - base, 192);
    char *ro = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_int(promised() - base, 192);
    check_ok(mprotect(ro, 8 * PAGE, RW));
    check_int(promised() - base, 224);
    check_ok(mprotect(ro, 8 * PAGE, PROT_READ)); /* may hold data now: stays a promise */
    check_int(promised() - base, 224);
    check_ok(munmap(ro, 64 * PAGE));
    check_int(promised() - base, 192);
    char *shared = mmap(NULL, 32 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_int(promised() - base, 320);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *unreserved = mmap(NULL, 99 * PAGE, RW, flags, -1, 0);
    check_int(promised() - base, 320);
    pid_t pid = xfork(); /* a child doubles what is private */
    if (pid == 0) {
        check(promised() - base >= 320 + 192);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(promised() - base, 320);
    check_ok(munmap(shared, 32 * PAGE));
    check_ok(munmap(unreserved, 99 * PAGE));
    check_ok(munmap(p, 64 * PAGE));
    check_int(promised(), base);
    char *brk = sbrk(10 * PAGE);
    check(brk != (void *)-1);
    check_int(promised() - base, 40);
    check(sbrk(-10 * (long)PAGE) != (void *)-1);
    check_int(promised(), base);
}

static void *ask(size_t size, int flags)
{
    return mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void check_modes(void)
{
    size_t much = ram_bytes() + 64 * MIB + 1024 * (size_t)proc_value("/proc/meminfo", "SwapTotal");
    void *p;

    check(ask(much, 0) == MAP_FAILED && errno == ENOMEM); /* mode 0: obviously too much */
    check((p = ask(much, MAP_NORESERVE)) != MAP_FAILED);
    check_ok(munmap(p, much));
    put_number(VM "overcommit_memory", 1);
    check((p = ask(much, 0)) != MAP_FAILED);
    check_ok(munmap(p, much));
    put_number(VM "overcommit_memory", 2);
    size_t limit = 1024 * (size_t)proc_value("/proc/meminfo", "CommitLimit");
    size_t room = limit - 1024 * (size_t)promised();
    check(ask(room + MIB, MAP_NORESERVE) == MAP_FAILED && errno == ENOMEM);
    check((p = ask(room - MIB, 0)) != MAP_FAILED);
    check(fork() == -1 && errno == ENOMEM); /* a child would promise it once more */
    check_ok(munmap(p, room - MIB));
    put_number(VM "overcommit_kbytes", (long)(limit / 1024) - 4096);
    check_int(proc_value("/proc/meminfo", "CommitLimit"), (long)(limit / 1024) - 4096);
    check_int(get(VM "overcommit_ratio"), 0);
}

static void test_modes(void)
{
    long mode = get(VM "overcommit_memory"), ratio = get(VM "overcommit_ratio");
    int status;
    pid_t pid = xfork();

    if (pid == 0) {
        check_modes();
        _exit(0);
    }
    check_ok(waitpid(pid, &status, 0));
    put_number(VM "overcommit_memory", mode);
    put_number(VM "overcommit_ratio", ratio);
    check_int(status, 0);
}

/* ---- the killer */

static _Noreturn void hog(void *adj)
{
    put_number("/proc/self/oom_score_adj", (long)adj);
    for (;;) {
        char *p = mmap(NULL, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            _exit(1);
        for (size_t i = 0; i < MIB; i += PAGE)
            p[i] = 1;
    }
}

static long kills(void)
{
    static char vmstat[8192];
    char *line = strstr(read_text("/proc/vmstat", vmstat, sizeof(vmstat)), "\noom_kill ");

    check(line != NULL);
    return atol(line + 10);
}

/* The largest goes; who stands by keeps what it has. */
static void test_hog(void)
{
    long before = kills();
    char *mine = map_anon(MIB);

    fill_pattern(mine, MIB, 5, 0);
    check_killed((void (*)(void *))hog, (void *)0, SIGKILL);
    check_int(kills() - before, 1);
    check_int(check_pattern(mine, MIB, 5, 0), -1);
}

/* A small process whose owner says so goes before a large one; and who is exempt, never. */
static void test_score(void)
{
    pid_t sheep = xfork();
    int status;

    if (sheep == 0) {
        put_number("/proc/self/oom_score_adj", 1000);
        for (;;)
            pause();
    }
    sleep_ms(20);
    pid_t wolf = xfork();
    if (wolf == 0)
        hog((void *)0);
    check_int(waitpid(-1, &status, 0), sheep);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check_int(waitpid(-1, &status, 0), wolf);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_exempt(void)
{
    pid_t rock = xfork();
    int status;

    if (rock == 0) {
        put_number("/proc/self/oom_score_adj", -1000);
        char *p = map_anon(ram_bytes() / 3);
        memset(p, 1, ram_bytes() / 3);
        for (;;)
            pause();
    }
    sleep_ms(100);
    check_killed((void (*)(void *))hog, (void *)0, SIGKILL);
    check_int(get("/proc/self/oom_score_adj"), 0);
    check_int(waitpid(rock, &status, WNOHANG), 0);
    check_ok(kill(rock, SIGKILL));
    check_int(waitpid(rock, &status, 0), rock);
}

/* Several at once, that fork: all die or end, nobody else. */
static void test_crowd(void)
{
    enum { HOGS = 5 };
    pid_t pids[HOGS];
    int status;

    for (int i = 0; i < HOGS; i++)
        if ((pids[i] = xfork()) == 0) {
            fork();
            hog((void *)500);
        }
    for (int i = 0; i < HOGS; i++) {
        check_int(waitpid(pids[i], &status, 0), pids[i]);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}

static void test_scores(void)
{
    char path[40];
    pid_t pid;

    check_int(get("/proc/1/oom_score"), 0);
    check(get("/proc/self/oom_score") >= 600 && get("/proc/self/oom_score") < 1000);
    put_number("/proc/self/oom_score_adj", 500);
    check(get("/proc/self/oom_score") >= 950 && get("/proc/self/oom_score") < 1400);
    pid = xfork(); /* inherited */
    if (pid == 0) {
        check_int(get("/proc/self/oom_score_adj"), 500);
        check_ok(setuid(1000));
        check_int(put_text("/proc/self/oom_score_adj", "600"), 0);
        check_int(put_text("/proc/self/oom_score_adj", "599"), EACCES);
        snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", getppid());
        check(put_text(path, "700") != 0);
        _exit(0);
    }
    check_exit(pid, 0);
    put_number("/proc/self/oom_score_adj", -1000);
    check_int(get("/proc/self/oom_score"), 0);
    put_number("/proc/self/oom_score_adj", 0);
}

const struct test oom_tests[] = {
    {"vm.rubbish", test_rubbish, T_NATIVE},
    {"vm.settings", test_settings, T_NATIVE},
    {"vm.committed", test_committed, T_NATIVE},
    {"vm.overcommit", test_modes, T_NATIVE},
    {"oom.scores", test_scores, T_NATIVE},
    {"oom.hog", test_hog, T_NATIVE},
    {"oom.score", test_score, T_NATIVE},
    {"oom.exempt", test_exempt, T_NATIVE},
    {"oom.crowd", test_crowd, T_NATIVE},
    {NULL, NULL},
};
