/*
 * buddy_churn: process 1 of the buddy lab's tests of whole machines. The grader says at mark 1 how
 * many pages each child takes and with which number it fills them; children check what they wrote, so
 * a frame given out twice shows. The sum goes to a file, which the grader reads from the disk.
 */
#include <fcntl.h>
#include <lab.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define CHILDREN 4

LAB_MARK

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 16;
}

/* Fills n pages, reads them back; the exit status says whether they still held it. */
static int child(long pages, uint64_t seed)
{
    uint64_t *p = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t write = seed, read = seed;
    long words = pages * PAGE / 8;

    if (p == MAP_FAILED)
        return 1;
    for (long i = 0; i < words; i += 64)
        p[i] = next(&write);
    for (long i = 0; i < words; i += 64)
        if (p[i] != next(&read))
            return 2;
    return munmap(p, (size_t)pages * PAGE) == 0 ? 0 : 3;
}

static void churn(long pages, uint64_t seed, int *good)
{
    int status;

    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child(pages, seed + (uint64_t)i));
    }
    while (wait(&status) > 0)
        *good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    uint64_t asked[2] = {0, 0};
    int good = 0;

    churn(8, 1, &good); /* everything that is made once is made now */
    good = 0;
    lab_mark(1, (long)asked, 0, 0);
    __asm__ volatile("" : : "r"(asked) : "memory");
    for (int round = 0; round < 3; round++)
        churn((long)asked[0], asked[1], &good);
    int fd = open("/answer", O_CREAT | O_TRUNC | O_WRONLY, 0644);
    dprintf(fd, "%d %lu\n", good, asked[1] * 2654435761u % 1000003);
    close(fd);
    sync();
    lab_mark(2, good, 0, 0);
    for (;;)
        pause();
}
