/*
 * vmstat [-a] [-n] [-w] [-S k|K|m|M] [delay [count]]: processes, memory, paging and processor time.
 * vmstat -s: counters since the start      vmstat -m: slab caches
 *
 * The first line of the table shows averages since the start, the others what happened in between.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <tools.h>
#include <unistd.h>

static struct {
    int active, once, wide;
    unsigned long unit;
} opt = {.unit = 1024};

/* Counters that rise, and the numbers of the moment. */
struct sample {
    unsigned long cpu[CPU_STATES], interrupts, switches, in, out, swap_in, swap_out;
    long running, blocked;
    long swapped, unused, buffers, cached, active, inactive; /* KiB */
};

static double boot_seconds(void)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    return (double)up.tv_sec + (double)up.tv_nsec / 1e9;
}

static void take(struct sample *s)
{
    char *stat = must_read("/proc/stat"), *mem = must_read("/proc/meminfo");
    char *vm = must_read("/proc/vmstat");
    long pages = getpagesize() / 1024;

    cpu_times(stat, s->cpu);
    s->interrupts = field_value(stat, "intr", 0);
    s->switches = field_value(stat, "ctxt", 0);
    s->running = field_value(stat, "procs_running", 0);
    s->blocked = field_value(stat, "procs_blocked", 0);
    s->swapped = field_value(mem, "SwapTotal", 0) - field_value(mem, "SwapFree", 0);
    s->unused = field_value(mem, "MemFree", 0);
    s->buffers = field_value(mem, "Buffers", 0);
    s->cached = field_value(mem, "Cached", 0) + field_value(mem, "SReclaimable", 0);
    s->active = field_value(mem, "Active", 0);
    s->inactive = field_value(mem, "Inactive", 0);
    s->in = field_value(vm, "pgpgin", 0);
    s->out = field_value(vm, "pgpgout", 0);
    s->swap_in = field_value(vm, "pswpin", 0) * pages;
    s->swap_out = field_value(vm, "pswpout", 0) * pages;
    free(stat);
    free(mem);
    free(vm);
}

static void show_heading(void)
{
    const char *third = opt.active ? "inact" : "buff", *fourth = opt.active ? "active" : "cache";

    if (opt.wide) {
        puts("--procs-- -----------------------memory---------------------- ---swap-- -----io---- "
             "-system-- ----------cpu----------");
        printf("%4s %4s %12s %12s %12s %12s %4s %4s %5s %5s %4s %4s %3s %3s %3s %3s %3s %3s\n", "r",
               "b", "swpd", "free", third, fourth, "si", "so", "bi", "bo", "in", "cs", "us", "sy",
               "id", "wa", "st", "gu");
        return;
    }
    puts("procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----");
    printf("%2s %2s %6s %6s %6s %6s %4s %4s %5s %5s %4s %4s %2s %2s %2s %2s %2s\n", "r", "b",
           "swpd", "free", third, fourth, "si", "so", "bi", "bo", "in", "cs", "us", "sy", "id",
           "wa", "st");
}

static unsigned long rate(unsigned long now, unsigned long before, double seconds)
{
    return seconds > 0 ? (unsigned long)((double)(now - before) / seconds + 0.5) : 0;
}

static void show(const struct sample *s, const struct sample *before, double seconds)
{
    unsigned long cpu[CPU_STATES], total = 0;
    const char *form = opt.wide
                           ? "%4ld %4ld %12lu %12lu %12lu %12lu %4lu %4lu %5lu %5lu %4lu %4lu "
                             "%3lu %3lu %3lu %3lu %3lu   0\n"
                           : "%2ld %2ld %6lu %6lu %6lu %6lu %4lu %4lu %5lu %5lu %4lu %4lu "
                             "%2lu %2lu %2lu %2lu %2lu\n";

    for (int i = 0; i < CPU_STATES; i++)
        total += cpu[i] = s->cpu[i] - before->cpu[i];
    unsigned long user = cpu[CPU_USER] + cpu[CPU_NICE];
    unsigned long sys = cpu[CPU_SYSTEM] + cpu[CPU_IRQ] + cpu[CPU_SOFTIRQ];
    unsigned long half = total / 2;
    total += !total;
#define SHARE(ticks) ((100 * (ticks) + half) / total)
    printf(form, s->running, s->blocked, s->swapped * 1024 / opt.unit, s->unused * 1024 / opt.unit,
           (opt.active ? s->inactive : s->buffers) * 1024 / opt.unit,
           (opt.active ? s->active : s->cached) * 1024 / opt.unit,
           rate(s->swap_in, before->swap_in, seconds), rate(s->swap_out, before->swap_out, seconds),
           rate(s->in, before->in, seconds), rate(s->out, before->out, seconds),
           rate(s->interrupts, before->interrupts, seconds),
           rate(s->switches, before->switches, seconds), SHARE(user), SHARE(sys),
           SHARE(cpu[CPU_IDLE]), SHARE(cpu[CPU_IOWAIT]), SHARE(cpu[CPU_STEAL]));
#undef SHARE
}

static _Noreturn void table(double delay, long count)
{
    static const struct sample zero;
    struct sample now, before = zero;
    int rows, columns;
    double seconds = boot_seconds();

    terminal_size(&rows, &columns);
    for (long line = 0; count < 0 || line < count; line++) {
        if (line == 0 || (!opt.once && line % MAX(rows - 3, 1) == 0))
            show_heading();
        take(&now);
        show(&now, &before, seconds);
        if (fflush(stdout) == EOF)
            exit(1);
        before = now;
        seconds = delay;
        if (line + 1 != count)
            sleep_seconds(delay);
    }
    exit(0);
}

static void put(long value, const char *what)
{
    printf("%13ld %s\n", value, what);
}

static void put_memory(const char *mem, const char *name, const char *what)
{
    printf("%13lu %c %s\n", field_value(mem, name, 0) * 1024 / opt.unit,
           opt.unit == 1024 ? 'K' : opt.unit == 1000 ? 'k' : opt.unit == 1 << 20 ? 'M' : 'm', what);
}

static void counters(void)
{
    static const char *const cpu_words[CPU_STATES] = {
        "non-nice user cpu ticks", "nice user cpu ticks", "system cpu ticks", "idle cpu ticks",
        "IO-wait cpu ticks", "IRQ cpu ticks", "softirq cpu ticks", "stolen cpu ticks"};
    char *stat = must_read("/proc/stat"), *mem = must_read("/proc/meminfo");
    char *vm = must_read("/proc/vmstat");
    unsigned long cpu[CPU_STATES];
    char letter = opt.unit == 1024 ? 'K' : opt.unit == 1000 ? 'k' : opt.unit == 1 << 20 ? 'M' : 'm';
    long used = field_value(mem, "MemTotal", 0) - field_value(mem, "MemAvailable", 0);
    long swap_used = field_value(mem, "SwapTotal", 0) - field_value(mem, "SwapFree", 0);

    put_memory(mem, "MemTotal", "total memory");
    printf("%13lu %c %s\n", used * 1024 / opt.unit, letter, "used memory");
    put_memory(mem, "Active", "active memory");
    put_memory(mem, "Inactive", "inactive memory");
    put_memory(mem, "MemFree", "free memory");
    put_memory(mem, "Buffers", "buffer memory");
    printf("%13lu %c %s\n",
           (field_value(mem, "Cached", 0) + field_value(mem, "SReclaimable", 0)) * 1024 / opt.unit,
           letter, "swap cache");
    put_memory(mem, "SwapTotal", "total swap");
    printf("%13lu %c %s\n", swap_used * 1024 / opt.unit, letter, "used swap");
    put_memory(mem, "SwapFree", "free swap");
    cpu_times(stat, cpu);
    for (int i = 0; i < CPU_STATES; i++)
        put(cpu[i], cpu_words[i]);
    put(0, "non-nice guest cpu ticks");
    put(0, "nice guest cpu ticks");
    put(field_value(vm, "pgpgin", 0), "K paged in");
    put(field_value(vm, "pgpgout", 0), "K paged out");
    put(field_value(vm, "pswpin", 0), "pages swapped in");
    put(field_value(vm, "pswpout", 0), "pages swapped out");
    put(field_value(vm, "pgfault", 0), "pages faulted");
    put(field_value(vm, "pgmajfault", 0), "major page faults");
    put(field_value(stat, "intr", 0), "interrupts");
    put(field_value(stat, "ctxt", 0), "CPU context switches");
    put(field_value(stat, "btime", 0), "boot time");
    put(field_value(stat, "processes", 0), "forks");
}

static void slabs(void)
{
    char *text = must_read("/proc/slabinfo"), name[64];
    unsigned long active, total, size, per_slab;

    printf("%-24s %6s %6s %6s %6s\n", "Cache", "Num", "Total", "Size", "Pages");
    for (char *line = text; *line; line += strcspn(line, "\n"), line += *line != 0) {
        if (*line != '#' && sscanf(line, "%63s %lu %lu %lu %lu", name, &active, &total, &size,
                                   &per_slab) == 5)
            printf("%-24s %6lu %6lu %6lu %6lu\n", name, active, total, size, per_slab);
    }
}

static void parse_options(int argc, char **argv, void (**other)(void))
{
    static const char letters[] = "kKmM";
    static const unsigned long units[] = {1000, 1024, 1000000, 1 << 20};
    int c;

    while ((c = getopt(argc, argv, "anwsmS:")) != -1) {
        switch (c) {
        case 'a': opt.active = 1; break;
        case 'n': opt.once = 1; break;
        case 'w': opt.wide = 1; break;
        case 's': *other = counters; break;
        case 'm': *other = slabs; break;
        case 'S':
            if (!*optarg || !strchr(letters, *optarg))
                errx(1, "-S requires k, K, m or M (default is KiB)");
            opt.unit = units[strchr(letters, *optarg) - letters];
            break;
        default: exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    void (*other)(void) = NULL;
    double delay = 1;
    long count = 1;

    parse_options(argc, argv, &other);
    if (other) {
        other();
        return fflush(stdout) == EOF;
    }
    if (optind < argc) {
        delay = parse_seconds(argv[optind++]);
        count = -1;
        if (delay <= 0)
            errx(1, "failed to parse argument: '%s'", argv[optind - 1]);
    }
    if (optind < argc && (count = atol(argv[optind])) <= 0)
        errx(1, "failed to parse argument: '%s'", argv[optind]);
    table(delay, count);
}
