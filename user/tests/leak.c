/*
 * See leak.h.
 *
 * MemFree of /proc/meminfo is exact to the frame once every cache is empty: drop_caches takes the
 * unused page cache, path cache and inodes, and drains what each CPU keeps aside. What a test
 * leaves behind then shows as fewer free frames or more objects.
 */
#include "leak.h"
#include "testutil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#define DROP "/proc/sys/vm/drop_caches"

static char text[16384]; /* of a /proc file; static: counting must not change what is counted */

int leak_checkable(void)
{
    struct utsname u;

    return uname(&u) == 0 && strstr(u.version, "xv39") && access(DROP, W_OK) == 0 &&
           access("/proc/slabinfo", R_OK) == 0;
}

static void drop_caches(void)
{
    int fd = open(DROP, O_WRONLY);

    sync();
    write(fd, "3\n", 2);
    close(fd);
}

/* A line of slabinfo: name, active objects, all objects ... */
static void count_objects(struct holdings *h)
{
    char *line = read_text("/proc/slabinfo", text, sizeof(text));
    const int max = sizeof(h->cache) / sizeof(h->cache[0]);

    for (h->caches = 0; line && *line && h->caches < max;) {
        if (*line != '#' && sscanf(line, "%23s %ld", h->cache[h->caches].name,
                                   &h->cache[h->caches].objects) == 2)
            h->caches++;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
}

static void count_once(struct holdings *h)
{
    memset(h, 0, sizeof(*h));
    drop_caches();
    count_objects(h);
    h->free_kib = proc_value("/proc/meminfo", "MemFree");
}

void leak_count(struct holdings *h, const struct holdings *before)
{
    char unused[1];

    count_once(h);
    for (int i = 0; before && i < 10 && leak_compare(before, h, unused, sizeof(unused)); i++) {
        sleep_ms(10);
        count_once(h);
    }
}

static long objects_of(const struct holdings *h, const char *name)
{
    for (int i = 0; i < h->caches; i++) {
        if (strcmp(h->cache[i].name, name) == 0)
            return h->cache[i].objects;
    }
    return 0;
}

int leak_compare(const struct holdings *before, const struct holdings *now, char *out, size_t size)
{
    long frames = (before->free_kib - now->free_kib) / 4;
    int leaks = frames > 0;
    size_t n = snprintf(out, size, "%ld frames", frames);

    for (int i = 0; i < now->caches; i++) {
        long more = now->cache[i].objects - objects_of(before, now->cache[i].name);
        if (more <= 0)
            continue;
        leaks = 1;
        if (n < size)
            n += snprintf(out + n, size - n, ", %ld of %s", more, now->cache[i].name);
    }
    return leaks;
}
