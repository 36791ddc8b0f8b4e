/*
 * mallocwatch: what one malloc does to an address space, step by step.
 *
 *   mallocwatch [SIZE[k|m]]...        default: 100k 1m
 *
 * For each size a line before, after malloc(), after the first byte was written, after all were,
 * and after free(): the heap's end (brk), VSS and RSS in KiB, and the page faults so far. Then the
 * area of /proc/self/maps that the block lies in.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char text[8192];

/* A file of /proc/self. By hand: stdio would allocate in between. */
static void read_file(const char *path)
{
    size_t n = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY);

    while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = 0;
    close(fd);
}

static long status_kib(const char *name)
{
    read_file("/proc/self/status");
    const char *at = strstr(text, name);
    return at ? atol(at + strlen(name)) : 0;
}

static void show(const char *step)
{
    struct rusage before;

    getrusage(RUSAGE_SELF, &before);
    printf("%-14s %10lx %8ld %8ld %8ld\n", step, (unsigned long)sbrk(0), status_kib("VmSize:"),
           status_kib("VmRSS:"), before.ru_minflt);
}

static void show_area(const void *p)
{
    unsigned long start, end;

    read_file("/proc/self/maps");
    for (const char *line = text; line && *line; line = strchr(line, '\n') + 1)
        if (sscanf(line, "%lx-%lx", &start, &end) == 2 && (unsigned long)p >= start &&
            (unsigned long)p < end)
            printf("block %p lies in\n%.*s\n", p, (int)strcspn(line, "\n"), line);
}

static int watch(const char *arg)
{
    char *end;
    size_t size = strtoul(arg, &end, 10);

    size <<= *end == 'k' ? 10 : *end == 'm' ? 20 : 0;
    if (size == 0 || (*end && end[1])) {
        fprintf(stderr, "mallocwatch: %s: not a size\n", arg);
        return 1;
    }
    printf("\nmalloc(%lu)\n%-14s %10s %8s %8s %8s\n", (unsigned long)size, "", "brk", "VSS", "RSS",
           "faults");
    show("before");
    volatile char *p = malloc(size);
    if (!p) {
        fprintf(stderr, "mallocwatch: out of memory\n");
        return 1;
    }
    show("malloc");
    p[size / 2] = 1;
    show("first write");
    memset((char *)p, 2, size);
    show("all written");
    show_area((char *)p);
    free((char *)p);
    show("free");
    return 0;
}

int main(int argc, char **argv)
{
    static char buf[4096];
    int failed = 0;

    setvbuf(stdout, buf, _IOLBF, sizeof(buf)); /* no memory of its own in between */
    status_kib("VmRSS:"); /* the pages that show() needs are there from now on */
    for (int i = 1; i < argc; i++)
        failed |= watch(argv[i]);
    if (argc == 1)
        failed = watch("100k") | watch("1m");
    return failed;
}
