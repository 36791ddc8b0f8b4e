/*
 * slabtop [-o] [-d seconds] [-s key]: the kernel's object caches, from /proc/slabinfo.
 *
 * -o prints once.  The key (also typed while it runs; q ends) orders the caches by
 *   o objects   a active objects   s object size   l slabs   v active slabs   c cache size
 *   u use       p pages per slab   b objects per slab   n name
 */
#include <err.h>
#include <screen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

struct cache {
    char name[32];
    unsigned long active, objects, size, per_slab, pages, active_slabs, slabs;
};

static const char keys[] = "oaslvcupbn";
static int key = 'o';
static struct cache *caches;
static size_t count;

static void read_caches(void)
{
    char *text = must_read("/proc/slabinfo"), *rest = text, *line;

    count = 0;
    while ((line = strsep(&rest, "\n"))) {
        struct cache c;
        if (*line == '#' || sscanf(line, "%31s %lu %lu %lu %lu %lu", c.name, &c.active, &c.objects,
                                   &c.size, &c.per_slab, &c.pages) != 6)
            continue;
        char *slabs = strstr(line, "slabdata");
        c.active_slabs = c.slabs = 0;
        if (slabs)
            sscanf(slabs, "slabdata %lu %lu", &c.active_slabs, &c.slabs);
        caches = reallocarray(caches, count + 1, sizeof(c));
        if (!caches)
            err(1, NULL);
        caches[count++] = c;
    }
    free(text);
}

static double share(unsigned long part, unsigned long whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static unsigned long cache_size(const struct cache *c)
{
    return c->slabs * c->pages * getpagesize();
}

static unsigned long rank(const struct cache *c)
{
    switch (key) {
    case 'a': return c->active;
    case 's': return c->size;
    case 'l': return c->slabs;
    case 'v': return c->active_slabs;
    case 'c': return cache_size(c);
    case 'u': return (unsigned long)share(c->active, c->objects);
    case 'p': return c->pages;
    case 'b': return c->per_slab;
    default: return c->objects;
    }
}

static int compare(const void *a, const void *b)
{
    const struct cache *x = a, *y = b;

    if (key == 'n' || rank(x) == rank(y))
        return strcmp(x->name, y->name);
    return rank(x) < rank(y) ? 1 : -1;
}

static void put_summary(struct text *t)
{
    unsigned long active = 0, objects = 0, active_slabs = 0, slabs = 0, active_caches = 0;
    unsigned long active_size = 0, size = 0, least = -1UL, most = 0;

    for (size_t i = 0; i < count; i++) {
        const struct cache *c = &caches[i];
        active += c->active;
        objects += c->objects;
        active_slabs += c->active_slabs;
        slabs += c->slabs;
        active_caches += c->slabs != 0;
        active_size += c->active * c->size;
        size += c->objects * c->size;
        least = c->size < least ? c->size : least;
        most = c->size > most ? c->size : most;
    }
    text_printf(t, " Active / Total Objects (%% used)    : %lu / %lu (%.1f%%)\n", active, objects,
            share(active, objects));
    text_printf(t, " Active / Total Slabs (%% used)      : %lu / %lu (%.1f%%)\n", active_slabs,
                slabs, share(active_slabs, slabs));
    text_printf(t, " Active / Total Caches (%% used)     : %lu / %zu (%.1f%%)\n", active_caches,
                count, share(active_caches, count));
    text_printf(t, " Active / Total Size (%% used)       : %.2fK / %.2fK (%.1f%%)\n",
            (double)active_size / 1024, (double)size / 1024, share(active_size, size));
    text_printf(t, " Minimum / Average / Maximum Object : %.2fK / %.2fK / %.2fK\n\n",
            count ? (double)least / 1024 : 0, objects ? (double)size / (double)objects / 1024 : 0,
            (double)most / 1024);
}

static void put_table(struct text *t)
{
    text_printf(t, "%6s %6s %4s %8s %6s %8s %10s %-23s\n", "OBJS", "ACTIVE", "USE", "OBJ SIZE",
                "SLABS", "OBJ/SLAB", "CACHE SIZE", "NAME");
    for (size_t i = 0; i < count; i++) {
        const struct cache *c = &caches[i];
        text_printf(t, "%6lu %6lu %3ld%% %7.2fK %6lu %8lu %9luK %-23s\n", c->objects, c->active,
                (long)share(c->active, c->objects), (double)c->size / 1024, c->slabs, c->per_slab,
                cache_size(c) / 1024, c->name);
    }
}

static void put_all(struct text *t)
{
    read_caches();
    qsort(caches, count, sizeof(*caches), compare);
    put_summary(t);
    put_table(t);
}

static _Noreturn void run(double delay)
{
    struct text t = {0};

    screen_start();
    for (;;) {
        t.len = 0;
        put_all(&t);
        screen_show(t.data);
        int typed = screen_key(delay);
        if (typed == 'q' || typed < 0)
            exit(0);
        if (typed && strchr(keys, typed))
            key = typed;
    }
}

int main(int argc, char **argv)
{
    double delay = 3;
    struct text t = {0};
    int c, once = 0;

    while ((c = getopt(argc, argv, "od:s:")) != -1) {
        switch (c) {
        case 'o': once = 1; break;
        case 'd':
            delay = parse_seconds(optarg);
            if (delay <= 0)
                errx(1, "illegal delay '%s'", optarg);
            break;
        case 's':
            if (!*optarg || !strchr(keys, *optarg))
                errx(1, "-s takes one of the letters %s", keys);
            key = *optarg;
            break;
        default: return 1;
        }
    }
    if (!once)
        run(delay);
    put_all(&t);
    fputs(t.data, stdout);
    return fflush(stdout) == EOF;
}
