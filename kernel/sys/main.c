// From the first C function to the idle loop: one readable list, bottom floor first.
//
// boot.S enters kernel_main() on the boot hart with the early page table, on the boot stack, with
// interrupts off and tp at boot_tcb[0]. Other harts enter hart_main() when start_harts() wants
// them.
#include "sys/main.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "dev/irq.h"
#include "dev/power.h"
#include "dev/random.h"
#include "dev/rtc.h"
#include "dev/tty.h"
#include "dev/uart.h"
#include "dev/virtio.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_rng.h"
#include "fs/devfs.h"
#include "fs/ext2/ext2.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/pipe.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "ipc/shm.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/bootmem.h"
#include "mm/buddy.h"
#include "mm/kspace.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/procfs_pid.h"
#include "riscv/atomic.h"
#include "riscv/hart.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "sync/cpu.h"
#include "sys/fatal.h"
#include "sys/proc_files.h"
#include "sys/init.h"
#include "sys/trap.h"
#include "test/crash.h"
#include "test/test.h"
#include "vm/mm.h"

#define HART_START_NS 1000000000UL
#define HART_LOOK_NS 50000

static void set_log_level(void) {
    char value[16];
    if (cmdline_get("quiet", value, sizeof(value)))
        klog_set_level(LOG_WARNING);
    if (cmdline_get("loglevel", value, sizeof(value)))
        klog_set_level(strcmp(value, "debug") == 0 ? LOG_DEBUG + 1
                                                   : (int)parse_u64(value, NULL, 10));
}

static void print_machine(void) {
    uint64_t ram = 0;
    for (int i = 0; i < machine.ram_count; i++)
        ram += machine.ram[i].size;
    pr_info("xv39 on %s: %d harts, %lu MiB of RAM at %#lx\n", machine.model, machine.cpu_count,
            ram >> 20, ram_base);
    pr_info("command line: %s\n", machine.cmdline);
}

static void cpu_init(uint32_t cpu) {
    cpus[cpu].id = cpu;
    trap_init_cpu();
}

static void cpu_set_online(void) {
    this_cpu()->online = true;
    atomic_or(&cpu_online_mask, 1u << cpu_id());
}

// Each further hart gets two stacks. Those that don't come up are missing, and said so. We sleep
// meanwhile: harts that take turns (a host with fewer, an instruction clock) get on.
static void start_hart(uint32_t cpu) {
    void *stack = kstack_alloc(), *emergency = kstack_alloc();
    int err = stack && emergency ? hart_start(cpu, stack, emergency, kernel_satp()) : -ENOMEM;
    uint64_t limit = ktime_ns() + HART_START_NS;
    while (err == 0 && !READ_ONCE(cpus[cpu].online) && ktime_ns() < limit)
        sleep_until(ktime_ns() + HART_LOOK_NS);
    if (!READ_ONCE(cpus[cpu].online))
        pr_warn("hart %lu does not start (%d)\n", machine.hartid[cpu], err);
}

static void start_harts(void) {
    for (int cpu = 1; cpu < machine.cpu_count; cpu++)
        start_hart((uint32_t)cpu);
    pr_info("cpu: %d of %d harts online\n", __builtin_popcount(cpu_online_mask),
            machine.cpu_count);
}

void hart_main(uint32_t cpu) {
    cpu_init(cpu);
    sched_init_cpu();
    irq_init_cpu();
    cpu_set_online();
    sched_idle();
}

static void selftest(void) {
    int failed = ktest_run_all();
    power_off(failed ? 1 : 0);
}

// The first thread: the rest of the boot, in a context that may sleep.
static void init_thread(void *unused) {
    char value[16];

    start_harts();

    uart_init();
    tty_init();
    rtc_init();
    random_init();
    blk_init();
    virtio_rng_init();
    virtio_blk_init();
    virtio_init();

    vm_init();
    path_init();
    inode_cache_init();
    file_init();
    pipe_init();
    tmpfs_init();
    memfd_init();
    devfs_init();
    procfs_init();
    ext2_init();

    process_init();
    procfs_pid_init();
    proc_files_init();
    terminal_init();
    shm_init();
    sched_stats_init();

    if (cmdline_get("crash", value, sizeof(value)))
        crash_on_purpose(value);
    if (cmdline_get("selftest", value, sizeof(value)))
        selftest();
    if (process_start_init(init_process_main, NULL))
        panic("no memory for process 1");
}

void kernel_main(uint64_t hartid, paddr_t dtb, uint64_t boot_ticks) {
    machine.boot_ticks = boot_ticks;
    machine_init(hartid, dtb);
    set_log_level();
    print_machine();
    cpu_init(0);
    fatal_init();

    // frames and objects
    mem_init();
    kernel_pt_init();
    slab_init();
    kspace_init();
    pt_print_init();

    // threads and interrupts
    power_init();
    sched_init();
    irq_init();
    cpu_set_online();

    if (!kthread_start("init", init_thread, NULL))
        panic("no memory for the first thread");
    sched_idle();
}
