/*
 * mtrace [-s] [PROGRAM] TRACE: which blocks a program never freed, and which lines asked for them.
 *
 * TRACE is what malloc writes when the environment has MALLOC_TRACE=TRACE.  PROGRAM is needed only
 * if it is not where the trace says.  Lines are known when the program's file still has its line
 * table (DWARF), functions when it has its symbols.
 *
 *   -s   one row for each place: blocks, bytes, where
 *
 * Status 1 when something was not freed, or was freed that never was there.
 */
#include "lines.h"
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

struct block {
    uint64_t address, size, caller; /* address 0: free slot of the table */
    long number;                    /* of its line */
    char *program;
};

static struct block *blocks; /* open addressing, by address; freed ones stay with size == FREED */
static size_t room, used;
static int status;

#define FREED UINT64_MAX

static struct block *find(uint64_t address)
{
    size_t i = (address >> 4) * 0x9e3779b97f4a7c15UL & (room - 1);

    while (blocks[i].address && blocks[i].address != address)
        i = (i + 1) & (room - 1);
    return &blocks[i];
}

static void grow(void)
{
    struct block *old = blocks;
    size_t n = room;

    room = room ? 2 * room : 1024;
    blocks = calloc(room, sizeof(*blocks));
    if (!blocks)
        err(2, NULL);
    for (size_t i = 0; i < n; i++)
        if (old[i].address)
            *find(old[i].address) = old[i];
    free(old);
}

static void note_alloc(struct block b)
{
    if (2 * used >= room)
        grow();
    struct block *slot = find(b.address);
    if (slot->address && slot->size != FREED) {
        printf("+ 0x%016lx Alloc %ld duplicate: %#lx\n", b.address, b.number, b.caller);
        status = 1;
    }
    used += !slot->address;
    *slot = b;
}

static void note_free(const struct block *b)
{
    struct block *slot = room ? find(b->address) : NULL;

    if (!slot || !slot->address || slot->size == FREED) {
        printf("- 0x%016lx Free %ld was never alloc'd %#lx\n", b->address, b->number, b->caller);
        status = 1;
    } else {
        slot->size = FREED;
    }
}

/* "@ /bin/leak:[0x101f4] + 0x18010 0x64" */
static int parse(char *line, struct block *b, char *what)
{
    char *open = strstr(line, ":["), *at;

    if (strncmp(line, "@ ", 2) != 0 || !open)
        return -1;
    *open = 0;
    b->program = line + 2;
    b->caller = strtoul(open + 2, &at, 16);
    if (strncmp(at, "] ", 2) != 0 || !strchr("+-<>", at[2]))
        return -1;
    *what = at[2];
    b->address = strtoul(at + 3, &at, 16);
    b->size = strtoul(at, NULL, 16);
    return b->address ? 0 : -1;
}

static void read_trace(char *text)
{
    long number = 0;

    for (char *line = text, *next; line && *line; line = next) {
        struct block b = {.number = ++number};
        char what;
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (*line == '=')
            continue;
        if (parse(line, &b, &what) < 0)
            errx(2, "line %ld is none of a trace", number);
        if (what == '+' || what == '>')
            note_alloc(b);
        else
            note_free(&b);
    }
}

static int by_number(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int by_caller(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return x->caller < y->caller ? -1 : x->caller > y->caller;
}

/* What was not freed, at the front of the table. */
static size_t keep_lost(void)
{
    size_t n = 0;

    for (size_t i = 0; i < room; i++)
        if (blocks[i].address && blocks[i].size != FREED)
            blocks[n++] = blocks[i];
    return n;
}

static char *place(struct program *p, const struct block *b)
{
    return program_place(p, b->caller - 1); /* the call, not what follows it */
}

static void show_blocks(struct program *p, size_t n)
{
    printf("\nMemory not freed:\n-----------------\n           Address     Size     Caller\n");
    qsort(blocks, n, sizeof(*blocks), by_number);
    for (size_t i = 0; i < n; i++) {
        char *where = place(p, &blocks[i]);
        printf("0x%016lx %#8lx  at %s\n", blocks[i].address, blocks[i].size, where);
        free(where);
    }
}

static void show_places(struct program *p, size_t n)
{
    printf("  Blocks      Bytes  Caller\n");
    qsort(blocks, n, sizeof(*blocks), by_caller);
    for (size_t i = 0, from = 0; i < n; i++) {
        uint64_t bytes = 0;
        if (i + 1 < n && blocks[i + 1].caller == blocks[from].caller)
            continue;
        for (size_t k = from; k <= i; k++)
            bytes += blocks[k].size;
        char *where = place(p, &blocks[from]);
        printf("%8zu %10lu  %s\n", i + 1 - from, bytes, where);
        free(where);
        from = i + 1;
    }
}

int main(int argc, char **argv)
{
    int sums = 0, c;

    while ((c = getopt(argc, argv, "s")) != -1) {
        if (c != 's')
            return 2;
        sums = 1;
    }
    if (argc - optind < 1 || argc - optind > 2)
        errx(2, "usage: mtrace [-s] [program] trace");
    char *text = read_whole(argv[argc - 1], NULL);
    if (!text)
        err(2, "%s", argv[argc - 1]);
    read_trace(text);
    size_t lost = keep_lost();
    if (lost) {
        const char *name = argc - optind == 2 ? argv[optind] : blocks[0].program;
        struct program *p = program_open(name);
        if (!p)
            warnx("%s: %s", name, errno ? strerror(errno) : "no ELF file");
        (sums ? show_places : show_blocks)(p, lost);
        status = 1;
    } else if (!status) {
        printf("No memory leaks.\n");
    }
    return fflush(stdout) == EOF ? 2 : status;
}
