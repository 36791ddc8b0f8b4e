/* top: the summary and the table as text. */
#include "top.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct view *order;

static double number(const struct task *t)
{
    switch (order->by) {
    case BY_CPU: return (double)t->ticks;
    case BY_MEMORY: return (double)t->stat.rss_pages;
    case BY_TIME: return (double)(t->stat.utime + t->stat.stime);
    case BY_VIRTUAL: return (double)t->stat.vsize;
    default: return t->stat.pid;
    }
}

/* Largest first; equal ones by number. */
static int compare(const void *a, const void *b)
{
    const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
    double m = number(x), n = number(y);
    int result = m > n ? -1 : m < n;

    if (order->reverse)
        result = -result;
    return result ? result : x->stat.pid - y->stat.pid;
}

static void put_tasks(struct text *t, const struct snapshot *s)
{
    int running = 0, stopped = 0, zombies = 0;

    for (size_t i = 0; i < s->count; i++) {
        char state = s->task[i].stat.state;
        running += state == 'R';
        stopped += state == 'T' || state == 't';
        zombies += state == 'Z';
    }
    text_printf(t, "Tasks: %3zu total, %3d running, %3zu sleeping, %3d stopped, %3d zombie\n",
                s->count, running, s->count - running - stopped - zombies, stopped, zombies);
}

static void put_processor(struct text *t, const struct snapshot *s, const struct snapshot *before)
{
    static const struct {
        int state;
        const char *name;
    } parts[] = {{CPU_USER, "us"},   {CPU_SYSTEM, "sy"}, {CPU_NICE, "ni"},    {CPU_IDLE, "id"},
                 {CPU_IOWAIT, "wa"}, {CPU_IRQ, "hi"},    {CPU_SOFTIRQ, "si"}, {CPU_STEAL, "st"}};
    unsigned long spent[CPU_STATES], total = 0;

    for (int i = 0; i < CPU_STATES; i++) {
        spent[i] = s->cpu[i] > before->cpu[i] ? s->cpu[i] - before->cpu[i] : 0;
        total += spent[i];
    }
    text_printf(t, "%%Cpu(s):");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        text_printf(t, "%s%5.1f %s", i ? "," : "",
                    total ? 100.0 * (double)spent[parts[i].state] / (double)total : 0,
                    parts[i].name);
    text_printf(t, "\n");
}

static double mib(const char *meminfo, const char *name)
{
    return (double)field_value(meminfo, name, 0) / 1024;
}

static void put_memory(struct text *t)
{
    char *mem = must_read("/proc/meminfo");
    double total = mib(mem, "MemTotal"), available = mib(mem, "MemAvailable");
    double swap = mib(mem, "SwapTotal"), swap_free = mib(mem, "SwapFree");

    text_printf(t, "MiB Mem :%9.1f total,%9.1f free,%9.1f used,%9.1f buff/cache\n", total,
                mib(mem, "MemFree"), total - available,
                mib(mem, "Buffers") + mib(mem, "Cached") + mib(mem, "SReclaimable"));
    text_printf(t, "MiB Swap:%9.1f total,%9.1f free,%9.1f used.%9.1f avail Mem\n\n", swap,
                swap_free, swap - swap_free, available);
    free(mem);
}

/* KiB in at most `width` characters, in larger units if need be. */
static void put_kib(struct text *t, unsigned long kib, int width)
{
    char out[32];
    double value = (double)kib;

    int len = snprintf(out, sizeof(out), "%lu", kib);
    for (const char *unit = "mgtp"; len > width && *unit; unit++) {
        value /= 1024;
        len = snprintf(out, sizeof(out), "%.1f%c", value, *unit);
    }
    text_printf(t, "%*s ", width, out);
}

static void put_task(struct text *t, const struct task *task, double seconds, double pages,
                     const struct view *view)
{
    const struct process_stat *p = &task->stat;
    unsigned long ticks = p->utime + p->stime, kib = getpagesize() / 1024;
    double cpu = seconds > 0 ? 100.0 * (double)task->ticks / USER_HZ / seconds : 0;
    char priority[8], user[9];

    if (p->priority <= -100)
        strlcpy(priority, "rt", sizeof(priority));
    else
        snprintf(priority, sizeof(priority), "%ld", p->priority);
    strlcpy(user, user_name(p->uid), sizeof(user));
    text_printf(t, "%7d %-8s %3s %3ld ", p->pid, user, priority, p->nice);
    put_kib(t, p->vsize / 1024, 7);
    put_kib(t, p->rss_pages * kib, 6);
    put_kib(t, task->shared_pages * kib, 6);
    text_printf(t, cpu >= 99.95 ? "%c %5.0f " : "%c %5.1f ", p->state, cpu);
    text_printf(t, "%5.1f %3lu:%02lu.%02lu %s\n",
                pages > 0 ? 100.0 * (double)p->rss_pages / pages : 0, ticks / USER_HZ / 60,
                ticks / USER_HZ % 60, ticks % USER_HZ * 100 / USER_HZ,
                view->commands ? task->command : p->name);
}

void put_screen(struct text *t, struct snapshot *s, const struct snapshot *before,
                const struct view *view)
{
    char up[128];
    struct task **list = calloc(s->count + 1, sizeof(*list)); /* a snapshot stays ordered by pid */

    uptime_text(up, sizeof(up));
    text_printf(t, "top -%s\n", up);
    put_tasks(t, s);
    put_processor(t, s, before);
    put_memory(t);
    text_printf(t,
                "\033[7m    PID USER      PR  NI    VIRT    RES    SHR S  %%CPU  %%MEM     TIME+ "
                "COMMAND%*s\033[m\n",
                view->columns > 78 ? view->columns - 78 : 0, "");
    order = view;
    for (size_t i = 0; list && i < s->count; i++)
        list[i] = &s->task[i];
    if (list)
        qsort(list, s->count, sizeof(*list), compare);
    for (size_t i = 0; list && i < s->count; i++)
        put_task(t, list[i], s->when - before->when, (double)sysconf(_SC_PHYS_PAGES), view);
    free(list);
}
