/*
 * Workers that do everything in turn, kill each other, and are watched: one that makes no progress
 * for a minute hangs.
 */
#include "stress.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_MS 60000

static uint64_t end_ms;

static void work(int me, uint64_t seed)
{
    uint64_t r = seed;

    memory_start(rnd(&r));
    files_start(me, rnd(&r));
    while (now_ms() < end_ms && !shared->failed) {
        unsigned kind = below(&r, 100);
        shared->beats[me]++;
        if (kind < 55)
            memory_step(&r);
        else if (kind < 90)
            files_step(&r);
        else if (kind < 99)
            procs_step(&r);
        else if (below(&r, 10) == 0)
            kill(shared->pid[below(&r, options.processes)], SIGKILL);
    }
    memory_verify();
    _exit(0);
}

static void start(int i, uint64_t *r)
{
    uint64_t seed = rnd(r);
    pid_t pid = fork();

    if (pid == 0) {
        shared->pid[i] = getpid();
        work(i, seed);
    }
    if (pid < 0)
        refused("fork of a worker");
    shared->pid[i] = pid < 0 ? getpid() + 1000000 : pid;
}

/* Buries dead workers; begins new ones until the end. How many live. */
static int look_after(int *alive, uint64_t *r)
{
    int live = 0, status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < options.processes; i++) {
            if (shared->pid[i] == pid)
                alive[i] = 0;
        }
        if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
            broken("worker %d has status %#x", pid, status);
    }
    for (int i = 0; i < options.processes; i++) {
        if (!alive[i] && now_ms() < end_ms) {
            start(i, r);
            alive[i] = shared->pid[i] < 1000000;
        }
        live += alive[i];
    }
    return live;
}

int run_mix(void)
{
    uint64_t r = options.seed, seen[64] = {0}, seen_ms[64] = {0};
    int alive[64] = {0};

    if (options.processes <= 0 || options.processes > 64)
        options.processes = 6;
    end_ms = now_ms() + options.seconds * 1000UL;
    for (int i = 0; i < options.processes; i++)
        start(i, &r), alive[i] = shared->pid[i] < 1000000;
    while (look_after(alive, &r) || now_ms() < end_ms) {
        usleep(20000);
        for (int i = 0; i < options.processes; i++) {
            if (seen[i] != shared->beats[i] || !alive[i])
                seen[i] = shared->beats[i], seen_ms[i] = now_ms();
            else if (now_ms() - seen_ms[i] > HANG_MS)
                broken("worker %d (pid %d) hangs", i, shared->pid[i]);
        }
        if (shared->failed)
            break;
    }
    for (int i = 0; i < options.processes; i++) {
        if (alive[i])
            kill(shared->pid[i], SIGKILL);
    }
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < options.processes; i++) {
        char path[64];
        for (int k = 0; k < 8; k++) {
            snprintf(path, sizeof(path), "%s/stress.%d.%d", options.dirs[i % options.dir_count], i,
                     k);
            unlink(path);
        }
    }
    printf("stress mix: memory %lu, files %lu, forks %lu, refused %lu\n", shared->done[0],
           shared->done[1], shared->done[2], shared->refused);
    return shared->failed;
}
