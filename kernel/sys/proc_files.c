// /proc/{stat,loadavg,version} and /proc/sys/kernel: what only this floor can tell.
#include "sys/proc_files.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "fs/procfs.h"
#include "lib/string.h"
#include "proc/process.h"
#include "riscv/machine.h"
#include "sched/sched.h"
#include "sched/timer.h"

#define NS_PER_TICK (1000000000UL / USER_HZ)

// User time of everything that ever ran: the living, and what they collected from the dead.
static uint64_t user_time(void) {
    uint64_t sum = 0;
    struct usage u;

    for (int pid = 1; process_next(&pid); pid++) {
        struct process *p = process_find(pid);
        if (!p)
            continue;
        process_usage(p, &u);
        sum += u.utime + p->reaped_children.utime;
        process_put(p);
    }
    return sum;
}

// user nice system idle iowait irq softirq steal guest guest_nice, in ticks, of all CPUs together.
// What is neither idle nor a user's is the kernel's.
static int stat(struct textbuf *t, void *arg) {
    struct sched_stats s;

    sched_get_stats(&s);
    uint64_t now = ktime_ns(), all = now * (uint64_t)machine.cpu_count;
    uint64_t user = user_time(), idle = min(s.idle_ns, all);
    uint64_t system = all - idle > user ? all - idle - user : 0;
    int64_t boot = (int64_t)realtime_offset_ns() / 1000000000;
    text_printf(t, "cpu  %lu 0 %lu %lu 0 0 0 0 0 0\n", user / NS_PER_TICK, system / NS_PER_TICK,
                idle / NS_PER_TICK);
    text_printf(t, "intr 0\nctxt %lu\nbtime %ld\nprocesses %d\nprocs_running %lu\n"
                   "procs_blocked 0\n", s.nr_switches, boot, pid_last(), s.nr_running);
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
