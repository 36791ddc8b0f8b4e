/*
 * Directories, over getdents64.
 *
 * struct dirent has the layout of the kernel's record, so readdir() returns pointers into the
 * buffer.
 */
#include "libc.h"
#include "sys.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER 4096

struct dir {
    int fd;
    int pos;
    int end;
    long tell;
    char buf[BUFFER] __attribute__((aligned(8)));
};

_Static_assert(offsetof(struct dirent, d_name) == offsetof(struct linux_dirent64, d_name),
               "struct dirent");

DIR *fdopendir(int fd)
{
    DIR *dir = malloc(sizeof(*dir));

    if (dir) {
        dir->fd = fd;
        dir->pos = dir->end = 0;
        dir->tell = 0;
    }
    return dir;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    DIR *dir = fdopendir(fd);
    if (!dir)
        close(fd);
    return dir;
}

struct dirent *readdir(DIR *dir)
{
    if (dir->pos == dir->end) {
        long n = sysret(sys3(SYS_getdents64, dir->fd, (long)dir->buf, BUFFER));
        if (n <= 0)
            return NULL;
        dir->pos = 0;
        dir->end = (int)n;
    }
    struct dirent *entry = (struct dirent *)(dir->buf + dir->pos);
    dir->pos += entry->d_reclen;
    dir->tell = entry->d_off;
    return entry;
}

int closedir(DIR *dir)
{
    int r = close(dir->fd);

    free(dir);
    return r;
}

void seekdir(DIR *dir, long pos)
{
    lseek(dir->fd, pos, SEEK_SET);
    dir->pos = dir->end = 0;
    dir->tell = pos;
}

void rewinddir(DIR *dir)
{
    seekdir(dir, 0);
}

long telldir(DIR *dir)
{
    return dir->tell;
}

int dirfd(DIR *dir)
{
    return dir->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}

static int append(struct dirent ***list, int *room, int count, const struct dirent *entry)
{
    if (count == *room) {
        int more = *room ? *room * 2 : 16;
        struct dirent **p = realloc(*list, more * sizeof(*p));
        if (!p)
            return -1;
        *list = p;
        *room = more;
    }
    (*list)[count] = malloc(entry->d_reclen);
    if (!(*list)[count])
        return -1;
    memcpy((*list)[count], entry, entry->d_reclen);
    return 0;
}

int scandir(const char *path, struct dirent ***out, int (*filter)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    DIR *dir = opendir(path);
    struct dirent **list = NULL, *entry;
    int count = 0, room = 0;

    if (!dir)
        return -1;
    while (errno = 0, (entry = readdir(dir))) {
        if (filter && !filter(entry))
            continue;
        if (append(&list, &room, count, entry) < 0)
            break;
        count++;
    }
    int failed = errno;
    closedir(dir);
    if (failed) {
        while (count)
            free(list[--count]);
        free(list);
        return __fail(failed);
    }
    if (compare)
        qsort(list, count, sizeof(*list), (int (*)(const void *, const void *))compare);
    *out = list;
    return count;
}
