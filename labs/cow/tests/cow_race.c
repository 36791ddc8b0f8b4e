/*
 * cow_race: processes on two harts store into pages that they share. The grader says at mark 1 with which
 * numbers, and over how many pages; children and parent check that they read what they wrote.
 */
#include <lab.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sched.h>
#include <unistd.h>

#define PAGE 4096
#define CHILDREN 4
#define ROUNDS 2

LAB_MARK

static uint64_t number(uint64_t seed, long who, long page)
{
    return (seed + (uint64_t)who * 1000003 + (uint64_t)page) * 6364136223846793005u;
}

/* Stores to every page, over and over, then looks. */
static int child(char *p, long pages, uint64_t seed, long who)
{
    for (long turn = 0; turn < 3; turn++) {
        for (long i = 0; i < pages; i++)
            *(uint64_t *)(p + i * PAGE + turn * 64) = number(seed + (uint64_t)turn, who, i);
        sched_yield();
    }
    for (long turn = 0; turn < 3; turn++)
        for (long i = 0; i < pages; i++)
            if (*(uint64_t *)(p + i * PAGE + turn * 64) != number(seed + (uint64_t)turn, who, i))
                return 1;
    return 0;
}

int main(void)
{
    uint64_t asked[2] = {0, 0};
    long good = 0, bad = 0;
    int status;

    lab_mark(1, (long)asked, 0, 0);
    __asm__ volatile("" : : "r"(asked) : "memory");
    long pages = (long)asked[1];
    char *p = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (long i = 0; i < pages; i++)
            *(uint64_t *)(p + i * PAGE) = number(asked[0], 77 + round, i);
        for (long who = 0; who < CHILDREN; who++)
            if (fork() == 0)
                _exit(child(p, pages, asked[0], who));
        for (long i = 0; i < pages; i += 2)
            *(uint64_t *)(p + i * PAGE) = number(asked[0], 99 + round, i);
        while (wait(&status) > 0)
            good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        for (long i = 0; i < pages; i++)
            bad += *(uint64_t *)(p + i * PAGE) != number(asked[0], (i % 2 ? 77 : 99) + round, i);
    }
    lab_mark(2, good, bad, 0);
    for (;;)
        pause();
}
