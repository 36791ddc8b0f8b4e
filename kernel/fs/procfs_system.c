// /proc: the machine, its devices and its mounts. What needs processes (stat, loadavg, sys/kernel)
// is added from above.
#include "abi/stat.h"
#include "dev/blk.h"
#include "dev/irq.h"
#include "dev/random.h"
#include "fs/devfs.h"
#include "fs/mount.h"
#include "fs/procfs_system.h"
#include "riscv/machine.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "sync/cpu.h"

#define IRQ_LINES 1024 // what a PLIC has at most

static int mounts(struct textbuf *t, void *arg) {
    mounts_show(t, NULL);
    return 0;
}

static int filesystems(struct textbuf *t, void *arg) {
    const struct fs_type *type;

    for (int i = 0; (type = fs_type_at(i)); i++)
        text_printf(t, "%s\t%s\n", type->needs_device ? "" : "nodev", type->name);
    return 0;
}

static int cpuinfo(struct textbuf *t, void *arg) {
    for (uint32_t cpu = 0; cpu < (uint32_t)machine.cpu_count; cpu++)
        if (cpus[cpu].online)
            text_printf(t,
                        "processor\t: %u\nhart\t\t: %lu\nisa\t\t: rv64imafdc_zicsr_zifencei%s\n"
                        "mmu\t\t: sv39\n\n",
                        cpu, machine.hartid[cpu], machine.has_sstc ? "_sstc" : "");
    return 0;
}

static int cmdline(struct textbuf *t, void *arg) {
    text_printf(t, "%s\n", machine.cmdline);
    return 0;
}

static void hundredths(struct textbuf *t, uint64_t ns) {
    text_printf(t, "%lu.%02lu", ns / 1000000000, ns / 10000000 % 100);
}

// Seconds since boot; seconds that all CPUs together were idle.
static int uptime(struct textbuf *t, void *arg) {
    struct sched_stats s;

    sched_get_stats(&s);
    hundredths(t, ktime_ns());
    text_write(t, " ", 1);
    hundredths(t, s.idle_ns);
    text_write(t, "\n", 1);
    return 0;
}

static int interrupts(struct textbuf *t, void *arg) {
    uint64_t counts[CPU_MAX] = {0};
    const char *name;

    text_printf(t, "     ");
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        text_printf(t, "       CPU%-3d", cpu);
    text_write(t, "\n", 1);
    for (uint32_t line = 0; line < IRQ_LINES && irq_get_info(line, &name, counts); line++) {
        if (!name)
            continue;
        text_printf(t, "%3u: ", line);
        for (int cpu = 0; cpu < machine.cpu_count; cpu++)
            text_printf(t, "%10lu ", counts[cpu]);
        text_printf(t, " PLIC %3u Level     %s\n", line, name);
    }
    return 0;
}

static int diskstats(struct textbuf *t, void *arg) {
    for (struct blkdev *d = blkdev_next(NULL); d; d = blkdev_next(d))
        text_printf(t, "%4u %7u %s %lu 0 %lu 0 %lu 0 %lu 0 %u 0 0 0 0 0 0 %lu 0\n",
                    DEV_MAJOR(d->dev), DEV_MINOR(d->dev), d->name, d->reads, d->read_sectors,
                    d->writes, d->write_sectors, d->in_flight, d->flushes);
    return 0;
}

static int partitions(struct textbuf *t, void *arg) {
    text_printf(t, "major minor  #blocks  name\n\n");
    for (struct blkdev *d = blkdev_next(NULL); d; d = blkdev_next(d))
        text_printf(t, "%4u  %7u %10lu %s\n", DEV_MAJOR(d->dev), DEV_MINOR(d->dev),
                    d->sectors * SECTOR_SIZE / 1024, d->name);
    return 0;
}

static int devices(struct textbuf *t, void *arg) {
    const char *name;
    uint32_t mode;
    dev_t dev;

    text_printf(t, "Character devices:\n");
    for (int i = 0; chrdev_get_info(i, &dev, &name, &mode); i++)
        text_printf(t, "%3u %s\n", DEV_MAJOR(dev), name);
    text_printf(t, "\nBlock devices:\n");
    if (blkdev_next(NULL))
        text_printf(t, "%3u virtblk\n", DEV_MAJOR(blkdev_next(NULL)->dev));
    return 0;
}

static void show_uuid(struct textbuf *t, const uint8_t id[16]) {
    for (int i = 0; i < 16; i++)
        text_printf(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
    text_write(t, "\n", 1);
}

static void make_uuid(uint8_t id[16]) { // version 4: RFC 4122, 4.4
    random_bytes(id, 16);
    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
}

static int boot_id(struct textbuf *t, void *arg) {
    static uint8_t id[16]; // made at its first use

    if (!id[6])
        make_uuid(id);
    show_uuid(t, id);
    return 0;
}

static int uuid(struct textbuf *t, void *arg) {
    uint8_t id[16];

    make_uuid(id);
    show_uuid(t, id);
    return 0;
}

static const struct procfs_file files[] = {
    {.path = "mounts", .mode = 0444, .show = mounts},
    {.path = "filesystems", .mode = 0444, .show = filesystems},
    {.path = "cpuinfo", .mode = 0444, .show = cpuinfo},
    {.path = "cmdline", .mode = 0444, .show = cmdline},
    {.path = "uptime", .mode = 0444, .show = uptime},
    {.path = "interrupts", .mode = 0444, .show = interrupts},
    {.path = "diskstats", .mode = 0444, .show = diskstats},
    {.path = "partitions", .mode = 0444, .show = partitions},
    {.path = "devices", .mode = 0444, .show = devices},
    {.path = "sys/kernel/random/boot_id", .mode = 0444, .show = boot_id},
    {.path = "sys/kernel/random/uuid", .mode = 0444, .show = uuid},
};

void procfs_add_system(void) {
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
