// /proc/{stat,loadavg,version} and /proc/sys/kernel: what only this floor can tell.
#include "sys/proc_files.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "dev/irq.h"
#include "fs/procfs.h"
#include "lib/string.h"
#include "proc/process.h"
#include "riscv/machine.h"
#include "sched/sched.h"
#include "sched/timer.h"

#define NS_PER_TICK (1000000000UL / USER_HZ)

struct times { // ns
    uint64_t user, nice, system, idle;
};

// What is neither idle nor a user's is the kernel's. False: no such CPU, or it has not started.
static bool cpu_times(int cpu, struct times *out) {
    struct cpu_stats c;
    if (!sched_get_cpu_stats(cpu, &c))
        return false;
    uint64_t now = ktime_ns(), rest = now - min(now, c.idle_ns + c.user_ns + c.nice_ns);
    *out = (struct times){c.user_ns, c.nice_ns, rest, c.idle_ns};
    return true;
}

// user nice system idle iowait irq softirq steal guest guest_nice, in ticks.
static void show_times(struct textbuf *t, const struct times *c) {
    text_printf(t, " %lu %lu %lu %lu 0 0 0 0 0 0\n", c->user / NS_PER_TICK, c->nice / NS_PER_TICK,
                c->system / NS_PER_TICK, c->idle / NS_PER_TICK);
}

static void show_cpus(struct textbuf *t) {
    struct times c, sum = {0};
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        if (cpu_times(cpu, &c)) {
            sum.user += c.user;
            sum.nice += c.nice;
            sum.system += c.system;
            sum.idle += c.idle;
        }
    text_printf(t, "cpu ");
    show_times(t, &sum);
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        if (cpu_times(cpu, &c)) {
            text_printf(t, "cpu%d", cpu);
            show_times(t, &c);
        }
}

// How often each line of the interrupt controller has interrupted; their sum comes first.
static void show_interrupts(struct textbuf *t) {
    uint64_t counts[CPU_MAX], sum = 0, end = 0;
    const char *name;
    for (uint32_t line = 0; irq_get_info(line, &name, counts); line++)
        for (int cpu = 0; cpu < machine.cpu_count; cpu++) {
            sum += counts[cpu];
            end = counts[cpu] ? line + 1 : end; // what follows is all zero
        }
    text_printf(t, "intr %lu", sum);
    for (uint32_t line = 0; line < end && irq_get_info(line, &name, counts); line++) {
        uint64_t n = 0;
        for (int cpu = 0; cpu < machine.cpu_count; cpu++)
            n += counts[cpu];
        text_printf(t, " %lu", n);
    }
    text_printf(t, "\n");
}

static int stat(struct textbuf *t, void *arg) {
    struct sched_stats s;

    sched_get_stats(&s);
    show_cpus(t);
    show_interrupts(t);
    text_printf(t, "ctxt %lu\nbtime %ld\nprocesses %d\nprocs_running %lu\nprocs_blocked 0\n",
                s.nr_switches, (int64_t)realtime_offset_ns() / 1000000000, pid_last(),
                s.nr_running);
    return 0;
}

// Version 15 of Linux: six figures of its scheduler's inside, 0 here, and for each CPU the ns that
// threads have run and waited (not known here), and how many turns they had.
static int schedstat(struct textbuf *t, void *arg) {
    struct cpu_stats s;
    struct times c;

    text_printf(t, "version 15\ntimestamp %lu\n", ktime_ns() / NS_PER_TICK);
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        if (cpu_times(cpu, &c) && sched_get_cpu_stats(cpu, &s))
            text_printf(t, "cpu%d 0 0 0 0 0 0 %lu 0 %lu\n", cpu, c.user + c.nice + c.system,
                        s.switches);
    return 0;
}

static int loadavg(struct textbuf *t, void *arg) {
    struct sched_stats s;

    sched_get_stats(&s);
    for (int i = 0; i < 3; i++) {
        uint64_t hundredths = (s.loadavg[i] * 100 + 32768) >> 16;
        text_printf(t, "%lu.%02lu ", hundredths / 100, hundredths % 100);
    }
    text_printf(t, "%lu/%d %d\n", s.nr_running, process_count(), pid_last());
    return 0;
}

static int version(struct textbuf *t, void *arg) {
    text_printf(t, "%s version %s (gcc) %s\n", uts.sysname, uts.release, uts.version);
    return 0;
}

static int show_name(struct textbuf *t, void *name) {
    text_printf(t, "%s\n", (char *)name);
    return 0;
}

static int store_name(const char *text, size_t n, void *name) {
    while (n && text[n - 1] == '\n')
        n--;
    if (n >= UTS_LEN)
        return -EINVAL;
    memset(name, 0, UTS_LEN);
    memcpy(name, text, n);
    return 0;
}

static int show_pid_max(struct textbuf *t, void *arg) {
    text_printf(t, "%d\n", pid_max());
    return 0;
}

static int store_pid_max(const char *text, size_t n, void *arg) {
    uint64_t value;
    int err = procfs_parse_number(text, n, 0, INT32_MAX, &value);
    return err ? err : pid_set_max((int)value);
}

static const struct procfs_file files[] = {
    {.path = "stat", .mode = 0444, .show = stat},
    {.path = "schedstat", .mode = 0444, .show = schedstat},
    {.path = "loadavg", .mode = 0444, .show = loadavg},
    {.path = "version", .mode = 0444, .show = version},
    {.path = "sys/kernel/ostype", .mode = 0444, .show = show_name, .arg = uts.sysname},
    {.path = "sys/kernel/osrelease", .mode = 0444, .show = show_name, .arg = uts.release},
    {.path = "sys/kernel/version", .mode = 0444, .show = show_name, .arg = uts.version},
    {.path = "sys/kernel/hostname", .mode = 0644, .show = show_name, .store = store_name,
     .arg = uts.nodename},
    {.path = "sys/kernel/domainname", .mode = 0644, .show = show_name, .store = store_name,
     .arg = uts.domainname},
    {.path = "sys/kernel/pid_max", .mode = 0644, .show = show_pid_max, .store = store_pid_max},
};

void proc_files_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
