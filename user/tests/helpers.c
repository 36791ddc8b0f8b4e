/* What the tests of exec run: see struct helper in testlib.h. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

static int do_exit(int argc, char **argv) { return atoi(argv[1]); }

/* [each argument]{each variable} */
static int do_echo(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (char **e = environ; *e; e++)
        printf("{%s}", *e);
    return argv[argc] != NULL;
}

/* How many arguments, and their lengths' sum. */
static int do_sum(int argc, char **argv)
{
    long sum = 0;

    for (int i = 0; i < argc; i++)
        sum += strlen(argv[i]);
    printf("%d %ld", argc, sum);
    return 0;
}

/* Which descriptors from 40 on are open. */
static int do_fds(int argc, char **argv)
{
    const char *blank = "";

    for (int fd = 40; fd < 100; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("%s%d", blank, fd);
            blank = " ";
        }
    }
    return 0;
}

static int do_signals(int argc, char **argv)
{
    struct sigaction one, two;
    sigset_t mask = 0;

    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGUSR2, NULL, &two);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("usr1 %s, usr2 %s, %lx", one.sa_handler == SIG_IGN ? "ignored" : "not ignored",
           two.sa_handler == SIG_DFL ? "default" : "not default", mask);
    return 0;
}

static int do_ids(int argc, char **argv)
{
    return atoi(argv[1]) != getpid() || atoi(argv[2]) != getppid();
}

static void touch_byte(void *p) { *(volatile char *)p = 1; }

static int do_memory(int argc, char **argv)
{
    if (readable((void *)0x2000000000))
        printf("old memory");
    else if (!all_bytes((char *)sbrk(65536), 0, 65536))
        printf("old heap");
    else
        printf("fresh");
    return 0;
}

/* Swaps out so many pages, tries to end swapping, and looks what is left of the pages: for swap
 * devices that fail. */
static int do_swapper(int argc, char **argv)
{
    long pages = atol(argv[1]), good = 0, lost = 0;
    char *p = map_anon((size_t)pages * PAGE);

    fill_pattern(p, (size_t)pages * PAGE, 39, 0);
    if (madvise(p, (size_t)pages * PAGE, MADV_PAGEOUT) < 0)
        return 1;
    printf("out %ld, ", proc_value("/proc/self/status", "VmSwap") / 4);
    if (argc > 2)
        printf("swapoff: %s, ", swapoff(argv[2]) ? strerror(errno) : "done");
    for (long i = 0; i < pages; i++) {
        if (readable(p + i * PAGE))
            good += check_pattern(p + i * PAGE, PAGE, 39, (size_t)i * PAGE) == -1;
        else
            lost++;
    }
    for (long i = 0; lost && i < pages; i++)
        if (!readable(p + i * PAGE)) {
            check_killed(touch_byte, p + i * PAGE, SIGBUS);
            break;
        }
    printf("good %ld, lost %ld\n", good, lost);
    return good + lost != pages;
}

/* The same with a file of tmpfs that is mapped: read(2) says EIO, the mapping SIGBUS. */
static int do_file_swapper(int argc, char **argv)
{
    long pages = atol(argv[1]), good = 0, lost = 0;
    size_t len = (size_t)pages * PAGE;
    char buf[PAGE];
    int fd = check_ok(open("/tmp/swapper", O_RDWR | O_CREAT | O_TRUNC, 0600));

    check_ok(ftruncate(fd, (off_t)len));
    char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(p != MAP_FAILED);
    fill_pattern(p, len, 40, 0);
    long before = proc_value("/proc/meminfo", "SwapFree");
    check_ok(madvise(p, len, MADV_PAGEOUT));
    printf("out %ld, ", (before - proc_value("/proc/meminfo", "SwapFree")) / 4);
    for (long i = 0; i < pages; i++) {
        if (pread(fd, buf, PAGE, i * (off_t)PAGE) == (ssize_t)PAGE) {
            good += check_pattern(buf, PAGE, 40, (size_t)i * PAGE) == -1 &&
                    memcmp(buf, p + i * PAGE, PAGE) == 0;
            continue;
        }
        check_int(errno, EIO);
        check_killed(touch_byte, p + i * PAGE, SIGBUS);
        lost++;
    }
    check_ok(munmap(p, len));
    check_ok(unlink("/tmp/swapper"));
    close(fd);
    printf("good %ld, lost %ld, left %ld\n", good, lost,
           (before - proc_value("/proc/meminfo", "SwapFree")) / 4);
    return good + lost != pages;
}

/* Builds a data set of so many MiB in order, and verifies it in order or in another one: for
 * machines that have less memory. */
static int do_dataset(int argc, char **argv)
{
    enum { WORDS = PAGE / 8 };
    size_t pages = (size_t)atol(argv[1]) * MIB / PAGE, bad = 0;
    size_t step = argc > 2 ? 12347 : 1; /* odd, so each page has its turn among 2^n */
    uint64_t(*p)[WORDS] = map_anon(pages * PAGE);

    for (size_t i = 0; i < pages; i++)
        for (size_t j = 0; j < WORDS; j++)
            p[i][j] = i * 0x9e3779b97f4a7c15 + j;
    for (size_t k = 0; k < pages; k++) {
        size_t i = k * step % pages;
        for (size_t j = 0; j < WORDS; j++)
            bad += p[i][j] != i * 0x9e3779b97f4a7c15 + j;
    }
    printf("%s MiB built and verified, %lu words wrong\n", argv[1], bad);
    return bad != 0;
}

const struct helper exec_helpers[] = {
    {"exit", do_exit},       {"echo", do_echo}, {"sum", do_sum},       {"fds", do_fds},
    {"signals", do_signals}, {"ids", do_ids},   {"memory", do_memory},
    {"swapper", do_swapper}, {"file_swapper", do_file_swapper}, {"dataset", do_dataset},
    {NULL, NULL},
};
