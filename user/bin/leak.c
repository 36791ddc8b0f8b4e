/*
 * leak [-n BLOCKS] [-s SIZE] [-i SECONDS] [-r ROUNDS] [-t]: loses memory on purpose.
 *
 *   -n N   blocks lost in each round (10), among as many that are freed
 *   -s N   their size (100, with K, M: more)
 *   -i S   a round every S seconds, until a signal ends it, to be watched with top, ps or pmap
 *   -r N   N rounds (1)
 *   -t     touches what it takes, so that it is resident
 *
 * MALLOC_TRACE=/tmp/trace leak; mtrace /bin/leak /tmp/trace    tells which lines lost it.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

static struct {
    long blocks, rounds;
    uint64_t size;
    double interval;
    int touch;
} opt = {.blocks = 10, .rounds = 1, .size = 100};

static void *must(void *p)
{
    if (!p)
        err(1, NULL);
    if (opt.touch)
        memset(p, 'x', opt.size);
    return p;
}

/* The classic: the only pointer to a block is overwritten. */
static __attribute__((noinline)) void overwrite_pointer(void)
{
    char *p = must(malloc(opt.size));
    *(char *volatile *)&p = must(malloc(opt.size));
    free(p);
}

struct node {
    struct node *next;
    char *text;
};

/* A list whose nodes are freed, but not what they own. */
static __attribute__((noinline)) void forget_member(void)
{
    struct node *n = must(malloc(sizeof(*n) > opt.size ? sizeof(*n) : opt.size));

    n->text = must(calloc(1, opt.size));
    free(n);
}

/* Returns early. */
static __attribute__((noinline)) int fail_early(int broken)
{
    char *p = must(realloc(NULL, opt.size));

    if (broken)
        return -1;
    free(p);
    return 0;
}

static void lose(void)
{
    for (long i = 0; i < opt.blocks; i++) {
        if (i % 3 == 0)
            overwrite_pointer();
        else if (i % 3 == 1)
            forget_member();
        else
            fail_early(1);
        fail_early(0);
    }
}

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "n:s:i:r:t")) != -1) {
        if (c == 'n')
            opt.blocks = atol(optarg);
        else if (c == 's' && parse_size(optarg, &opt.size) == 0)
            continue;
        else if (c == 'i')
            opt.interval = parse_seconds(optarg);
        else if (c == 'r')
            opt.rounds = atol(optarg);
        else if (c == 't')
            opt.touch = 1;
        else
            errx(2, "usage: leak [-t] [-n blocks] [-s size] [-i seconds] [-r rounds]");
    }
    for (long round = 0; opt.interval > 0 || round < opt.rounds; round++) {
        lose();
        if (opt.interval > 0 && sleep_seconds(opt.interval) < 0)
            return 1;
    }
    return 0;
}
