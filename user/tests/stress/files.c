/*
 * Files: each worker has a few, and a copy of what they hold.
 *
 * The model of a file is its bytes up to MODEL; beyond that a file only has holes, made by
 * truncate. An operation that fails for want of memory or space must have changed nothing, and one
 * that does a part says how much.
 */
#include "stress.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 4
#define MODEL (96UL * 1024)

static struct {
    int fd;
    off_t size;
    char *bytes;  /* MODEL of them */
    char path[48];
} file[FILES];
static int me, next_name;
static char buffer[16384];

static void new_name(int i)
{
    snprintf(file[i].path, sizeof(file[i].path), "%s/stress.%d.%d",
             options.dirs[me % options.dir_count], me, i + (next_name++ & 1) * FILES);
}

/* 0: there is no such file now. */
static int open_file(int i, int flags)
{
    file[i].fd = open(file[i].path, O_RDWR | flags, 0644);
    if (file[i].fd < 0)
        refused("open");
    return file[i].fd >= 0;
}

static void create_file(int i)
{
    open_file(i, O_CREAT | O_TRUNC);
    file[i].size = 0;
    memset(file[i].bytes, 0, MODEL);
}

void files_start(int worker, uint64_t seed)
{
    me = worker;
    next_name = seed & 1;
    for (int i = 0; i < FILES; i++) {
        file[i].fd = -1;
        file[i].bytes =
            mmap(NULL, MODEL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (file[i].bytes == MAP_FAILED) {
            refused("mmap of a model");
            _exit(0);
        }
        new_name(i);
    }
}

static void compare(int i, const char *got, off_t off, size_t n, const char *how)
{
    for (size_t k = 0; k < n; k++) {
        char want = (size_t)off + k < MODEL ? file[i].bytes[off + k] : 0;
        if (got[k] != want)
            broken("%s (size %ld) by %s: byte %ld is %#x, not %#x", file[i].path, file[i].size, how,
                   off + k, (unsigned char)got[k], (unsigned char)want);
    }
}

static void write_some(int i, uint64_t *r)
{
    off_t off = below(r, MODEL);
    size_t n = 1 + below(r, sizeof(buffer));

    n = n < MODEL - off ? n : MODEL - off;
    for (size_t k = 0; k < n; k += 8) {
        uint64_t word = rnd(r);
        memcpy(buffer + k, &word, 8);
    }
    ssize_t done = pwrite(file[i].fd, buffer, n, off);
    if (done < 0) {
        refused("pwrite");
        return;
    }
    memcpy(file[i].bytes + off, buffer, done);
    if (off + done > file[i].size)
        file[i].size = off + done;
}

static void read_some(int i, uint64_t *r)
{
    off_t off = below(r, file[i].size + 5000);
    size_t n = 1 + below(r, sizeof(buffer));
    off_t left = file[i].size > off ? file[i].size - off : 0;
    ssize_t done = pread(file[i].fd, buffer, n, off);

    if (done < 0) {
        refused("pread");
        return;
    }
    if (done > left || (done < left && done < (ssize_t)n && done == 0))
        broken("%s: pread of %zu at %ld gave %ld, size %ld", file[i].path, n, off, done,
               file[i].size);
    compare(i, buffer, off, done, "read");
}

static void cut(int i, uint64_t *r)
{
    off_t size = below(r, 8) ? below(r, MODEL) : below(r, 30UL << 20);

    if (ftruncate(file[i].fd, size) != 0) {
        refused("ftruncate");
        return;
    }
    if (size < (off_t)MODEL)
        memset(file[i].bytes + size, 0, MODEL - size);
    file[i].size = size;
}

/* Reads, and writes through a mapping, shared or private. */
static void map_file(int i, uint64_t *r)
{
    size_t pages = (file[i].size < (off_t)MODEL ? file[i].size : (off_t)MODEL) / PAGE;
    int is_shared = below(r, 2);

    if (!pages)
        return;
    size_t from = below(r, pages), n = 1 + below(r, pages - from);
    char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, is_shared ? MAP_SHARED : MAP_PRIVATE,
                   file[i].fd, from * PAGE);
    if (p == MAP_FAILED) {
        refused("mmap of a file");
        return;
    }
    compare(i, p, from * PAGE, n * PAGE, is_shared ? "shared mapping" : "private mapping");
    for (int k = below(r, 20); k > 0; k--) {
        size_t at = below(r, n * PAGE);
        char byte = rnd(r);
        p[at] = byte;
        if (is_shared)
            file[i].bytes[from * PAGE + at] = byte;
    }
    if (is_shared)
        compare(i, p, from * PAGE, n * PAGE, "written mapping");
    if (is_shared && below(r, 8) == 0 && msync(p, n * PAGE, MS_SYNC) != 0)
        refused("msync");
    if (munmap(p, n * PAGE) != 0 && refused("munmap of a file"))
        _exit(0);
}

static void rename_file(int i)
{
    char old[48];

    strcpy(old, file[i].path);
    new_name(i);
    if (rename(old, file[i].path) != 0) {
        refused("rename");
        strcpy(file[i].path, old);
    }
}

static void check_stat(int i)
{
    struct stat st, by_name;

    if (fstat(file[i].fd, &st) != 0) {
        refused("fstat");
        return;
    }
    if (st.st_size != file[i].size || st.st_nlink != 1)
        broken("%s: size %ld, %ld links, not %ld, 1", file[i].path, st.st_size, (long)st.st_nlink,
               file[i].size);
    if (stat(file[i].path, &by_name) != 0)
        refused("stat");
    else if (by_name.st_ino != st.st_ino)
        broken("%s is inode %ld, not %ld", file[i].path, (long)by_name.st_ino, (long)st.st_ino);
}

/* Unlinks it, by name or before it is closed; a file without name still has its bytes. */
static void remove_file(int i, uint64_t *r)
{
    if (unlink(file[i].path) != 0) {
        refused("unlink");
        return;
    }
    write_some(i, r);
    read_some(i, r);
    close(file[i].fd);
    file[i].fd = -1;
}

void files_step(uint64_t *r)
{
    int i = below(r, FILES), kind = below(r, 100);

    __atomic_fetch_add(&shared->done[1], 1, __ATOMIC_RELAXED);
    if (file[i].fd < 0)
        create_file(i);
    if (file[i].fd < 0)
        return;
    if (kind < 30)
        write_some(i, r);
    else if (kind < 50)
        read_some(i, r);
    else if (kind < 60)
        cut(i, r);
    else if (kind < 75)
        map_file(i, r);
    else if (kind < 80)
        rename_file(i);
    else if (kind < 88)
        check_stat(i);
    else if (kind < 90 && fsync(file[i].fd) != 0)
        refused("fsync");
    else if (kind < 94)
        remove_file(i, r);
    else if (kind < 97 && close(file[i].fd) == 0)
        open_file(i, 0);
}
