/* Wild input: system calls with any arguments, and damaged programs. */
#include "stress.h"
#include "abi/elf.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *area; /* some memory that calls may use */
#define AREA (64 * PAGE)

static const char *const names[] = {"/", "/tmp", "/tmp/f", "f", ".", "..", "d/e", "/dev/null",
                                    "/proc/self/maps", "/dev/zero", "/proc/1/status", "",
                                    "/proc/self/fd", "/dev/tty", "d", "/proc/self/exe"};

static uint64_t wild(uint64_t *r)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     4095,
                                     4096,
                                     4097,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x3ffffff000,
                                     0x4000000000,
                                     0xffffffc000000000,
                                     0xffffffe000000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000};

    switch (below(r, 10)) {
    case 0:
    case 1:
        return edges[below(r, sizeof(edges) / sizeof(edges[0]))] - (below(r, 4) == 0);
    case 2:
        return below(r, 20);
    case 3:
        return -(int64_t)below(r, 200);
    case 4:
        return rnd(r) >> below(r, 64);
    case 5:
        return (uint64_t)names[below(r, sizeof(names) / sizeof(names[0]))];
    case 6:
        return 1UL << below(r, 64);
    case 7:
        return below(r, 1000);
    default:
        return (uint64_t)area + below(r, AREA) * (below(r, 2) ? 1 : 8);
    }
}

/* Calls that would end the run rather than test it. */
static int spared(long number)
{
    return number == SYS_reboot || number == SYS_exit || number == SYS_exit_group ||
           number == SYS_clone || number == SYS_clone3 || number == SYS_kill ||
           number == SYS_tkill || number == SYS_tgkill || number == SYS_umount2 ||
           number == SYS_chroot || number == SYS_vhangup || number == SYS_settimeofday ||
           number == SYS_clock_settime || number == SYS_setuid || number == SYS_setresuid ||
           number == SYS_setreuid || number == SYS_rt_sigsuspend || number == SYS_syslog ||
           number == SYS_sync;
}

static void scramble(uint64_t *r)
{
    for (int k = 0; k < 40; k++)
        *(uint64_t *)(area + (below(r, AREA) & ~7UL)) = wild(r);
}

static void call_wildly(uint64_t seed)
{
    uint64_t r = seed;

    /* not where fuzzed calls unmap it, if they guess nothing */
    for (int k = 0; k < 400; k++) {
        long number = below(&r, 4) ? (long)below(&r, 300) : (long)below(&r, 460);
        uint64_t a[6];
        if (spared(number))
            continue;
        for (int i = 0; i < 6; i++)
            a[i] = wild(&r);
        if (below(&r, 3) == 0)
            a[0] = below(&r, 12);
        if (below(&r, 3) == 0)
            a[0] = -100;
        alarm(2);
        syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        __atomic_fetch_add(&shared->done[7], 1, __ATOMIC_RELAXED);
        if (k % 20 == 0)
            scramble(&r);
    }
    _exit(0);
}

/* An own session, so that signals and the terminal are not ours; all files closed or harmless. */
static void prepare(int i)
{
    char dir[64];
    int fds[2];

    setpgid(0, 0);
    snprintf(dir, sizeof(dir), "%s/stress.fuzz%d", options.dirs[i % options.dir_count], i);
    mkdir(dir, 0755);
    if (chdir(dir) != 0)
        refused("chdir");
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    close(null);
    mkdir("d", 0755);
    open("f", O_RDWR | O_CREAT, 0644);
    open("d", O_RDONLY | O_DIRECTORY);
    open("/proc/self/maps", O_RDONLY);
    pipe(fds);
    open("/dev/zero", O_RDWR);
}

/* Blocked for good, with the alarm's signal blocked too, is allowed; to survive SIGKILL is not. */
static void end_caller(pid_t pid, uint64_t seed)
{
    uint64_t start = now_ms();
    int status;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        uint64_t waited = now_ms() - start;
        if (waited > 10000)
            kill(pid, SIGKILL);
        if (waited > 40000)
            broken("process %d of seed %#lx does not die", pid, seed);
        usleep(1000);
    }
}

int run_fuzz(void)
{
    uint64_t r = options.seed, end = now_ms() + options.seconds * 1000UL, last = 0;
    int n = options.processes > 0 ? options.processes : 4;
    pid_t pids[64];

    if (n > 64)
        n = 64;

    area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    scramble(&r);
    while (now_ms() < end) {
        for (int i = 0; i < n; i++) {
            uint64_t seed = rnd(&r);
            pids[i] = fork();
            if (pids[i] == 0) {
                prepare(i);
                call_wildly(seed);
            }
            if (pids[i] < 0)
                refused("fork");
            last = seed;
        }
        for (int i = 0; i < n; i++) {
            if (pids[i] > 0)
                end_caller(pids[i], last);
        }
    }
    printf("stress fuzz: %lu calls, last seed %#lx\n", shared->done[7], last);
    fflush(stdout);
    for (int i = 0; i < n; i++) {
        char cmd[96];
        snprintf(cmd, sizeof(cmd), "rm -rf %s/stress.fuzz%d", options.dirs[i % options.dir_count],
                 i);
        if (system(cmd) != 0)
            printf("stress fuzz: rm fails\n");
    }
    munmap(area, AREA);
    return 0;
}

/* ---- elf ------------------------------------------------------------------------------------- */

static char *image;
static size_t image_size;

static void load_image(void)
{
    struct stat st;
    int fd = open("/bin/true", O_RDONLY);

    if (fd < 0 || fstat(fd, &st) != 0)
        broken("/bin/true: %s", strerror(errno));
    image_size = st.st_size;
    image = mmap(NULL, image_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
}

static void damage(char *copy, uint64_t *r)
{
    const size_t headers = sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr);

    memcpy(copy, image, image_size);
    for (int k = 1 + below(r, 4); k > 0; k--) {
        size_t at = below(r, headers);
        if (below(r, 2))
            copy[at] = rnd(r);
        else
            *(uint64_t *)(copy + (at & ~7UL)) = wild(r);
    }
    if (below(r, 4)) /* often one that gets past the first look */
        memcpy(copy, image, 40);
}

static void run_damaged(const char *path, uint64_t *r)
{
    char *argv[] = {"damaged", NULL};
    int status;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    char *copy = malloc(image_size);

    if (fd < 0 || !copy) {
        refused("open");
        return;
    }
    damage(copy, r);
    if (write(fd, copy, below(r, 8) ? image_size : below(r, image_size)) < 0)
        refused("write");
    free(copy);
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(1);
        execve(path, argv, environ);
        _exit(0);
    }
    if (pid > 0 && waitpid(pid, &status, 0) != pid)
        broken("waitpid: %s", strerror(errno));
    unlink(path);
}

int run_elf(void)
{
    uint64_t r = options.seed, end = now_ms() + options.seconds * 1000UL;
    char path[64];
    int k = 0;

    load_image();
    area = image;
    for (; now_ms() < end; k++) {
        snprintf(path, sizeof(path), "%s/stress.elf", options.dirs[k % options.dir_count]);
        run_damaged(path, &r);
    }
    printf("stress elf: %d programs\n", k);
    munmap(image, image_size);
    return 0;
}
