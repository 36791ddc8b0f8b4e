/* Everything below a directory is read, then changed, then removed; errors are expected. */
#include "stress.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char buf[65536];
static int files, errors, budget;

static void use_file(const char *path, const struct stat *st, uint64_t *r)
{
    int fd = open(path, S_ISREG(st->st_mode) ? O_RDWR : O_RDONLY | O_NONBLOCK);

    if (fd < 0) {
        errors++;
        return;
    }
    for (int k = 0; k < 64 && read(fd, buf, sizeof(buf)) > 0; k++)
        ;
    if (S_ISREG(st->st_mode)) {
        errors += pread(fd, buf, 4096, st->st_size - 100) < 0;
        errors += pread(fd, buf, 4096, below(r, 1UL << 31)) < 0;
        errors += pwrite(fd, "changed", 7, below(r, st->st_size + 100000)) < 0;
        errors += pwrite(fd, "changed", 7, below(r, 1UL << 28)) < 0;
        errors += below(r, 2) && ftruncate(fd, below(r, st->st_size + 1)) < 0;
    }
    close(fd);
}

/* Touched by the kernel, which answers EFAULT where the file cannot be read. */
static void map_file(const char *path, uint64_t *r)
{
    const size_t n = 4 * PAGE;
    int fd = open(path, O_RDWR), fds[2];
    char *p = fd < 0 ? MAP_FAILED : mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED && pipe(fds) == 0) {
        for (size_t at = 0; at < n; at += PAGE) {
            errors += write(fds[1], p + at, 8) < 0 || read(fds[0], p + at + below(r, 4000), 8) < 0;
        }
        errors += fsync(fd) != 0;
        close(fds[0]);
        close(fds[1]);
        munmap(p, n);
    }
    close(fd);
}

/* Names move between directories, which damage may have made loops of. */
static void move(const char *dir, const char *path, uint64_t *r)
{
    static char other[1024] = ".";
    char to[1100];

    snprintf(to, sizeof(to), "%s/moved%lu", below(r, 2) ? dir : other, below(r, 4));
    switch (below(r, 8)) {
    case 0:
        errors += rename(path, to) != 0;
        break;
    case 1:
        errors += link(path, to) != 0;
        break;
    case 2:
        errors += rename(path, other) != 0;
        break;
    case 3:
        errors += rename(dir, to) != 0;
        break;
    case 4:
        map_file(path, r);
        break;
    case 5:
        snprintf(other, sizeof(other), "%s", below(r, 2) ? path : dir);
    }
}

static void visit(const char *dir, int depth, uint64_t *r)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    struct stat st;
    char path[1024];

    if (!d) {
        errors++;
        return;
    }
    for (int n = 0; n < 500 && budget > 0 && (e = readdir(d)); n++) {
        budget--;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= (int)sizeof(path))
            continue;
        files++;
        if (lstat(path, &st) != 0) {
            errors++;
            continue;
        }
        if (S_ISDIR(st.st_mode) && depth < 8)
            visit(path, depth + 1, r);
        else if (S_ISLNK(st.st_mode))
            errors += readlink(path, buf, sizeof(buf)) < 0;
        else if (S_ISREG(st.st_mode))
            use_file(path, &st, r);
        move(dir, path, r);
        if (below(r, 4) == 0)
            errors += (S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path)) != 0;
    }
    closedir(d);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/new%d", dir, i);
        errors += mkdir(path, 0755) != 0;
        snprintf(path, sizeof(path), "%s/file%d", dir, i);
        int fd = open(path, O_RDWR | O_CREAT, 0644);
        errors += fd < 0 || write(fd, buf, sizeof(buf)) < 0;
        close(fd);
    }
}

void use_tree(void)
{
    uint64_t r = options.seed;

    budget = 3000;
    visit(options.dirs[0], 0, &r);
    sync();
    printf("stress tree: %d names, %d errors\n", files, errors);
}

/* What it has made goes: in a tmpfs it would be memory that is missing. */
int run_tree(void)
{
    char command[192];

    use_tree();
    snprintf(command, sizeof(command), "cd %s && rm -rf new* file* moved*", options.dirs[0]);
    return system(command) != 0;
}
