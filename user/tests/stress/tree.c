/* Everything below a directory is read, then changed, then removed; errors are expected. */
#include "stress.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
        if (below(r, 3) == 0)
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

int run_tree(void)
{
    uint64_t r = options.seed;

    budget = 3000;
    visit(options.dirs[0], 0, &r);
    sync();
    printf("stress tree: %d names, %d errors\n", files, errors);
    return 0;
}
