/*
 * Damaged file systems: a good image is damaged in a few words, mounted, used and unmounted, again
 * and again. Whatever it says, the kernel must neither panic nor hang.
 *
 *   stress -d GOOD -d WORK [-s SEED] [-n ROUNDS] image
 *
 * GOOD is a disk with the image, WORK one of the same size that is overwritten each round. Most
 * words of a good image are zero and say little: only the others are damaged. Each round prints
 * its seed before it starts; `-s SEED -n 1` repeats it.
 */
#include "stress.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_LIMIT_MS 60000
#define MOUNT_POINT    "/tmp/stress.image"
#define IMAGE_MAX      (4UL << 20)

static char *good;
static size_t size;
static uint32_t *words; /* indices of the words that are not zero */
static size_t word_count;
static int work_fd;

static void load_good(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t n;

    good = malloc(IMAGE_MAX);
    words = malloc(IMAGE_MAX);
    if (fd < 0 || !good || !words)
        broken("%s: %s", path, strerror(errno));
    for (size = 0; size < IMAGE_MAX && (n = read(fd, good + size, IMAGE_MAX - size)) > 0; size += n)
        ;
    close(fd);
    word_count = 0;
    for (size_t i = 0; i < size / 4; i++) {
        if (((uint32_t *)good)[i])
            words[word_count++] = i;
    }
    if (!word_count)
        broken("%s has no words", path);
}

static uint32_t damaged_word(uint32_t old, uint64_t *r)
{
    switch (below(r, 8)) {
    case 0:
        return old ^ 1U << below(r, 32);
    case 1:
        return below(r, 2) ? 0 : 0xffffffff;
    case 2:
        return old + below(r, 5) - 2;
    case 3:
        return old & 0xffff0000 ? (old & 0xffff0000) | below(r, 300) : below(r, 300);
    case 4:
        return rnd(r);
    case 5:
        return below(r, size / 1024);
    default: /* a word from elsewhere: a plausible number of something else */
        return ((uint32_t *)good)[words[below(r, word_count)]];
    }
}

static void write_at(uint64_t at, const void *data, size_t n)
{
    if (pwrite(work_fd, data, n, at) != (ssize_t)n)
        broken("write of %s: %s", options.dirs[1], strerror(errno));
}

static void damage_image(uint64_t *r)
{
    write_at(0, good, size);
    for (int k = 1 + below(r, 6); k > 0; k--) {
        uint32_t i = words[below(r, below(r, 10) ? word_count : 60)];
        uint32_t word = damaged_word(((uint32_t *)good)[i], r);
        write_at(4UL * i, &word, 4);
    }
    if (fsync(work_fd) != 0)
        broken("fsync of %s: %s", options.dirs[1], strerror(errno));
}

static void use_image(uint64_t seed)
{
    options.seed = seed;
    options.dirs[0] = MOUNT_POINT;
    chdir("/");
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    use_tree();
    _exit(0);
}

/* Whether the process ended by itself in time. */
static int ends_in_time(pid_t pid)
{
    uint64_t end = now_ms() + ROUND_LIMIT_MS;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() > end)
            return 0;
        usleep(1000);
    }
    if (WIFSIGNALED(status))
        printf("stress image: the user ended by signal %d\n", WTERMSIG(status));
    return 1;
}

/* 1 if it could be mounted. */
static int image_round(uint64_t seed)
{
    uint64_t r = seed;

    damage_image(&r);
    if (mount(options.dirs[1], MOUNT_POINT, "ext2", 0, NULL) != 0) {
        if (errno != EINVAL && errno != EIO && errno != EROFS && errno != ESTALE)
            refused("mount");
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0)
        use_image(seed);
    if (pid > 0 && !ends_in_time(pid))
        broken("seed %#lx: a process hangs on the damaged image", seed);
    if (umount(MOUNT_POINT) != 0)
        broken("seed %#lx: umount: %s", seed, strerror(errno));
    return 1;
}

int run_image(void)
{
    uint64_t r = options.seed, end = now_ms() + options.seconds * 1000UL;
    int rounds = 0, mounted = 0, max = options.processes > 0 ? options.processes : 1 << 30;
    const char *dirs[] = {options.dirs[0], options.dirs[1]};

    load_good(dirs[0]);
    mkdir(MOUNT_POINT, 0755);
    work_fd = open(dirs[1], O_RDWR);
    for (; rounds < max && now_ms() < end; rounds++) {
        uint64_t seed = rounds ? rnd(&r) : options.seed;
        printf("stress image: seed %#lx\n", seed);
        fflush(stdout);
        mounted += image_round(seed);
    }
    close(work_fd);
    rmdir(MOUNT_POINT);
    free(good);
    free(words);
    printf("stress image: %d rounds, %d mounted\n", rounds, mounted);
    return 0;
}
