/*
 * memhog [-t SECONDS] [-r ROUNDS] [-p PATTERN] [-s STEP] [-w] [-l] [-S] [-n] [-q] SIZE[kmg]
 *
 * Takes memory and uses it, so that others can be watched while it does.
 *
 *   -p seq     touches the pages in order (the usual); rev from the end; random in any order,
 *              by -x SEED; none only asks for the memory
 *   -r N       goes through them N times (1); each time checks what it wrote the last time
 *   -s SIZE    takes and touches SIZE at a time, and says how far it is
 *   -t SECONDS then holds it for so long; -w until a signal comes
 *   -l         mlock(2)s it        -S shared memory instead of private        -n MAP_NORESERVE
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tools.h>
#include <unistd.h>

#define PAGE 4096UL

enum pattern { SEQUENTIAL, REVERSE, RANDOM, NONE };

static struct {
    enum pattern pattern;
    uint64_t step;
    long rounds;
    uint64_t seed;
    double hold;
    int forever, lock, flags, quiet;
} opt = {.rounds = 1, .seed = 1, .flags = MAP_PRIVATE | MAP_ANONYMOUS};

static uint64_t next_random(uint64_t *state) /* xorshift */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What page i holds after a round: its number and the round. */
static uint64_t mark(uint64_t i, long round)
{
    return i << 16 | (uint64_t)(round & 0xffff) | 1UL << 63;
}

static void touch(char *base, uint64_t i, long round)
{
    uint64_t *word = (uint64_t *)(base + i * PAGE);

    if (opt.pattern != RANDOM && round > 0 && *word != mark(i, round - 1))
        errx(1, "page %lu holds %#lx instead of %#lx", i, *word, mark(i, round - 1));
    *word = mark(i, round);
}

static void use(char *base, uint64_t pages, long round)
{
    uint64_t state = opt.seed + (uint64_t)round;

    for (uint64_t n = 0; n < pages; n++)
        touch(base, opt.pattern == RANDOM    ? next_random(&state) % pages
                    : opt.pattern == REVERSE ? pages - 1 - n
                                             : n, round);
}

static char *take(uint64_t size)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, opt.flags, -1, 0);

    if (p == MAP_FAILED)
        err(1, "%lu KiB", size >> 10);
    if (opt.lock && mlock(p, size) < 0)
        err(1, "mlock");
    return p;
}

static enum pattern parse_pattern(const char *name)
{
    static const char *const names[] = {"seq", "rev", "random", "none"};

    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum pattern)i;
    errx(1, "%s: no pattern; seq, rev, random, none", name);
}

static uint64_t parse_bytes(const char *text)
{
    uint64_t size;

    if (parse_size(text, &size) < 0 || size == 0)
        errx(1, "%s: no size", text);
    return (size + PAGE - 1) / PAGE * PAGE;
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: memhog [-wlSnq] [-t seconds] [-r rounds] [-p seq|rev|random|none] "
                    "[-x seed] [-s step] size[kmg]\n");
    exit(2);
}

static void parse_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "t:r:p:x:s:wlSnq")) != -1) {
        switch (c) {
        case 't':
            if ((opt.hold = parse_seconds(optarg)) < 0)
                errx(1, "%s: no time", optarg);
            break;
        case 'r': opt.rounds = atol(optarg); break;
        case 'p': opt.pattern = parse_pattern(optarg); break;
        case 'x': opt.seed = strtoul(optarg, NULL, 0) | 1; break;
        case 's': opt.step = parse_bytes(optarg); break;
        case 'w': opt.forever = 1; break;
        case 'l': opt.lock = 1; break;
        case 'S': opt.flags = (opt.flags & ~MAP_PRIVATE) | MAP_SHARED; break;
        case 'n': opt.flags |= MAP_NORESERVE; break;
        case 'q': opt.quiet = 1; break;
        default: usage();
        }
    }
    if (optind + 1 != argc)
        usage();
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    uint64_t size = parse_bytes(argv[optind]), step = opt.step ? opt.step : size;

    for (uint64_t done = 0; done < size; done += step) {
        uint64_t now = size - done < step ? size - done : step;
        char *base = take(now);
        for (long round = 0; round < opt.rounds && opt.pattern != NONE; round++)
            use(base, now / PAGE, round);
        if (!opt.quiet) {
            printf("memhog: %lu KiB\n", (done + now) >> 10);
            fflush(stdout);
        }
    }
    if (opt.hold > 0)
        sleep_seconds(opt.hold);
    while (opt.forever)
        pause();
    return 0;
}
