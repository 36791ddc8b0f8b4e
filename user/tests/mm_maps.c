/* /proc/self/maps and status; address spaces of very many areas. */
#include "testutil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

static char maps[65536];

struct area {
    unsigned long start, end, off, ino;
    unsigned major, minor;
    char perms[5], path[256];
};

/* One line of maps: start-end perms offset major:minor inode path. */
static char *parse_area(char *line, struct area *a)
{
    char *end = strchr(line, '\n');

    check(end != NULL);
    *end = 0;
    a->path[0] = 0;
    int n = sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255s", &a->start, &a->end, a->perms, &a->off,
                   &a->major, &a->minor, &a->ino, a->path);
    check(n >= 7);
    return end + 1;
}

static void test_format(void)
{
    struct area a, last = {0};
    int heap = 0, stack = 0;
    char *on_heap = malloc(10), *line = maps;

    check(read_text("/proc/self/maps", maps, sizeof(maps)) != NULL);
    while (*line) {
        line = parse_area(line, &a);
        check(a.start < a.end && a.start % PAGE == 0 && a.end % PAGE == 0 && a.start >= last.end);
        check(strspn(a.perms, "rwxps-") == 4);
        if (strcmp(a.path, "[heap]") == 0)
            heap += (uintptr_t)on_heap >= a.start && (uintptr_t)on_heap < a.end;
        if (strcmp(a.path, "[stack]") == 0)
            stack += (uintptr_t)&a >= a.start && (uintptr_t)&a < a.end;
        last = a;
    }
    check_int(heap, 1);
    check_int(stack, 1);
}

/* The line of the area that holds p. */
static struct area area_of(void *p)
{
    struct area a;
    char *line = read_text("/proc/self/maps", maps, sizeof(maps));

    while (line && *line) {
        line = parse_area(line, &a);
        if ((uintptr_t)p >= a.start && (uintptr_t)p < a.end)
            return a;
    }
    test_fail(__FILE__, __LINE__, "%p is in no area", p);
}

static void test_file(void)
{
    char want[256];
    struct stat st;

    make_file("mapped", "x", 1);
    int fd = check_ok(open("mapped", O_RDWR));
    check_ok(ftruncate(fd, 8 * PAGE));
    check_ok(fstat(fd, &st));
    char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);
    struct area a = area_of(p);
    check_str(a.perms, "r--s");
    check_int(a.off, 3 * PAGE);
    check_int(a.ino, st.st_ino);
    check(a.major == major(st.st_dev) && a.minor == minor(st.st_dev));
    check(getcwd(want, sizeof(want) - 10) != NULL);
    strcat(want, "/mapped");
    check_str(a.path, want);
    check_ok(munmap(p + PAGE, PAGE));
    a = area_of(p);
    check_int(a.end - a.start, PAGE);
}

static void test_permissions(void)
{
    static const struct {
        int prot, flags;
        const char *perms;
    } cases[] = {
        {PROT_NONE, MAP_PRIVATE, "---p"}, {PROT_READ, MAP_PRIVATE, "r--p"},
        {RW, MAP_PRIVATE, "rw-p"},        {PROT_READ | PROT_EXEC, MAP_PRIVATE, "r-xp"},
        {RW, MAP_SHARED, "rw-s"},         {RW | PROT_EXEC, MAP_PRIVATE, "rwxp"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *p = mmap(NULL, PAGE, cases[i].prot, cases[i].flags | MAP_ANONYMOUS, -1, 0);
        check_str(area_of(p).perms, cases[i].perms);
    }
}

static void test_status(void)
{
    long size = proc_value("/proc/self/status", "VmSize");
    long rss = proc_value("/proc/self/status", "VmRSS");
    char *p = map_anon(2 * MIB);

    keep_small(p, 2 * MIB);
    check(size > 0 && rss > 0 && rss <= size);
    check_int(proc_value("/proc/self/status", "Pid"), getpid());
    check_int(proc_value("/proc/self/status", "PPid"), getppid());
    check_int(proc_value("/proc/self/status", "VmSize") - size, 2048);
    memset(p, 1, MIB);
    long more = proc_value("/proc/self/status", "VmRSS") - rss;
    check(more >= 1024 && more < 1024 + 256);
    check(proc_value("/proc/self/status", "VmData") >= 2048);
    check(proc_value("/proc/self/status", "VmHWM") >= rss + 1024);
}

/* Areas that cannot merge, as their protections alternate: time of one touch among n of them. */
static uint64_t among(char *p, int n)
{
    uint64_t r = 7, start;

    for (int i = 0; i < n; i++)
        check_ok(mprotect(p + i * PAGE, PAGE, i % 2 ? PROT_READ : RW));
    start = now_us();
    for (int i = 0; i < 200; i++)
        ((volatile char *)p)[rnd_below(&r, n) * PAGE];
    return now_us() - start;
}

static void test_ten_thousand(void)
{
    enum { AREAS = 10000 };
    char *few = mmap(NULL, 10 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *many = mmap(NULL, AREAS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int lines = 0, fd;
    ssize_t n;

    among(few, 10);
    among(many, AREAS);
    fd = check_ok(open("/proc/self/maps", O_RDONLY));
    while ((n = read(fd, maps, sizeof(maps))) > 0) {
        for (ssize_t i = 0; i < n; i++)
            lines += maps[i] == '\n';
    }
    check(lines >= AREAS && lines < AREAS + 100);
    many[0] = 'm';
    pid_t pid = xfork();
    if (pid == 0) {
        check(many[0] == 'm' && many[(AREAS - 1) * PAGE] == 0);
        _exit(0);
    }
    check_exit(pid, 0);
    for (int i = 0; i < AREAS; i += 2)
        check_ok(munmap(many + i * PAGE, PAGE));
    check(!readable(many) && readable(many + PAGE));
    check_ok(munmap(many, AREAS * PAGE));
    check(!readable(many + PAGE));
}

const struct test maps_tests[] = {
    {"mm.maps_format", test_format, T_NATIVE},
    {"mm.maps_file", test_file, T_DIRS | T_NATIVE},
    {"mm.maps_permissions", test_permissions, T_NATIVE},
    {"mm.status", test_status, T_NATIVE},
    {"mm.ten_thousand_areas", test_ten_thousand, T_NATIVE},
    {NULL, NULL},
};
