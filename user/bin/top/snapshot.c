/* top: looking at all processes, and comparing with the look before. */
#include "top.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long used(const struct process_stat *p)
{
    return p->utime + p->stime;
}

/* Both lists are ordered by number; one that was given to a new process has another start. */
static unsigned long ticks_before(const struct snapshot *before, const struct process_stat *p)
{
    size_t low = 0, high = before->count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct process_stat *old = &before->task[mid].stat;
        if (old->pid == p->pid)
            return old->start == p->start ? used(old) : 0;
        if (old->pid < p->pid)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

static unsigned long shared_pages(pid_t pid)
{
    char path[64];
    unsigned long shared = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    char *text = read_whole(path, NULL);
    if (text)
        sscanf(text, "%*u %*u %lu", &shared);
    free(text);
    return shared;
}

void take_snapshot(struct snapshot *s, const struct snapshot *before, int commands)
{
    char *stat = must_read("/proc/stat");
    struct timespec up;

    cpu_times(stat, s->cpu);
    free(stat);
    clock_gettime(CLOCK_BOOTTIME, &up);
    s->when = (double)up.tv_sec + (double)up.tv_nsec / 1e9;
    struct process_stat *all = read_processes(&s->count);
    s->task = calloc(s->count, sizeof(*s->task));
    if (!s->task)
        err(1, NULL);
    for (size_t i = 0; i < s->count; i++) {
        struct task *task = &s->task[i];
        task->stat = all[i];
        task->shared_pages = shared_pages(all[i].pid);
        task->ticks = used(&all[i]) - ticks_before(before, &all[i]);
        task->command = commands ? process_command(&all[i]) : NULL;
    }
    free(all);
}

void free_snapshot(struct snapshot *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->task[i].command);
    free(s->task);
    s->task = NULL;
    s->count = 0;
}
