// Questions about the machine, and turning it off: uname(2), sysinfo(2), syslog(2), getrandom(2),
// riscv_hwprobe, reboot(2).
#include "abi/errno.h"
#include "abi/hwprobe.h"
#include "abi/reboot.h"
#include "abi/sysinfo.h"
#include "abi/utsname.h"
#include "dev/power.h"
#include "dev/random.h"
#include "fs/mount.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "sched/timer.h"
#include "sys/args.h"
#include "sys/proc_files.h"
#include "sys/syscall.h"
#include "vm/swap.h"

struct utsname uts = {"Linux", "xv39", "6.1.0-xv39", "#1 SMP xv39", "riscv64", "(none)"};

long sys_uname(uint64_t out) { return copy_to_user(out, &uts, sizeof(uts)); }

static long set_name(char *field, uaddr_t in, uint64_t len) {
    char name[UTS_LEN] = {0};
    if (current_fs()->euid != 0)
        return -EPERM;
    if (len >= UTS_LEN)
        return -EINVAL;
    int err = copy_from_user(name, in, len);
    if (!err)
        memcpy(field, name, UTS_LEN);
    return err;
}

long sys_sethostname(uint64_t in, uint64_t len) { return set_name(uts.nodename, in, len); }
long sys_setdomainname(uint64_t in, uint64_t len) { return set_name(uts.domainname, in, len); }

long sys_sysinfo(uint64_t out) {
    struct sched_stats sched;
    sched_get_stats(&sched);
    struct sysinfo info = {
        .uptime = (int64_t)(ktime_ns() / 1000000000),
        .loads = {sched.loadavg[0], sched.loadavg[1], sched.loadavg[2]},
        .totalram = mem_total_pages() * PAGE_SIZE,
        .freeram = mem_free_pages() * PAGE_SIZE,
        .sharedram = (uint64_t)mm_stat_read(NR_SHMEM) * PAGE_SIZE,
        .bufferram = (uint64_t)mm_stat_read(NR_BUFFERS) * PAGE_SIZE,
        .totalswap = swap_total_pages() * PAGE_SIZE,
        .freeswap = swap_free_pages() * PAGE_SIZE,
        .procs = (uint16_t)process_count(),
        .mem_unit = 1,
    };
    return copy_to_user(out, &info, sizeof(info));
}

// The newest n bytes of the log.
static long read_log(uaddr_t out, uint64_t n) {
    n = min(n, (uint64_t)klog_length());
    if (n == 0)
        return 0;
    char *text = kmalloc(n, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    n = klog_read(text, n);
    int err = copy_to_user(out, text, n);
    kfree(text);
    return err ? err : (long)n;
}

long sys_syslog(uint64_t action, uint64_t out, uint64_t n) {
    switch ((int)action) {
    case SYSLOG_ACTION_OPEN:
    case SYSLOG_ACTION_CLOSE:
        return 0;
    case SYSLOG_ACTION_READ_ALL:
        return (int)n < 0 ? -EINVAL : read_log(out, n);
    case SYSLOG_ACTION_SIZE_BUFFER:
        return (long)klog_length();
    case SYSLOG_ACTION_CONSOLE_LEVEL:
        if (current_fs()->euid != 0)
            return -EPERM;
        if (n < 1 || n > 8)
            return -EINVAL;
        klog_set_level((int)n);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_getrandom(uint64_t out, uint64_t n, uint64_t flags) {
    uint8_t part[128];
    uint64_t done = 0;
    if (flags & ~7UL)
        return -EINVAL;
    n = min(n, 0x7ffff000UL);
    while (done < n) {
        size_t k = min(n - done, sizeof(part));
        random_bytes(part, k);
        if (copy_to_user(out + done, part, k))
            return done ? (long)done : -EFAULT;
        done += k;
        if (signal_pending())
            break;
    }
    return (long)done;
}

static uint64_t hwprobe_value(int64_t key, int64_t *out_key) {
    *out_key = key;
    switch (key) {
    case RISCV_HWPROBE_KEY_MVENDORID:
    case RISCV_HWPROBE_KEY_MARCHID:
    case RISCV_HWPROBE_KEY_MIMPID:
        return 0;
    case RISCV_HWPROBE_KEY_BASE_BEHAVIOR:
        return RISCV_HWPROBE_BASE_BEHAVIOR_IMA;
    case RISCV_HWPROBE_KEY_IMA_EXT_0:
        return RISCV_HWPROBE_IMA_FD | RISCV_HWPROBE_IMA_C;
    case RISCV_HWPROBE_KEY_CPUPERF_0:
        return RISCV_HWPROBE_MISALIGNED_UNKNOWN;
    case RISCV_HWPROBE_KEY_HIGHEST_VIRT_ADDRESS:
        return USER_END - 1;
    case RISCV_HWPROBE_KEY_TIME_CSR_FREQ:
        return machine.timebase;
    default:
        *out_key = -1;
        return 0;
    }
}

// All harts are alike, so which of them are asked about makes no difference.
long sys_riscv_hwprobe(uint64_t pairs, uint64_t count, uint64_t set_size, uint64_t set,
                       uint64_t flags) {
    if (flags)
        return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        struct riscv_hwprobe pair;
        uaddr_t at = pairs + i * sizeof(pair);
        if (copy_from_user(&pair, at, sizeof(pair)))
            return -EFAULT;
        pair.value = hwprobe_value(pair.key, &pair.key);
        if (copy_to_user(at, &pair, sizeof(pair)))
            return -EFAULT;
    }
    return 0;
}

static void fence_i_here(void *unused) { fence_i(); }

long sys_riscv_flush_icache(uint64_t start, uint64_t end, uint64_t flags) {
    fence_i();
    if (!(flags & 1)) // bit 0: this thread only
        cpu_call_others(UINT32_MAX, fence_i_here, NULL);
    return 0;
}

// "exit:N": the emulator's exit status (abi/reboot.h).
static int exit_status(uaddr_t arg) {
    char text[32];
    const char *end;
    if (strncpy_from_user(text, arg, sizeof(text)) < 0 || strncmp(text, "exit:", 5) != 0)
        return -1;
    uint64_t n = parse_u64(text + 5, &end, 10);
    return *end == '\0' && n < 256 ? (int)n : -1;
}

long sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t cmd, uint64_t arg) {
    int status = 0;
    if (current_fs()->euid != 0)
        return -EPERM;
    if ((uint32_t)magic1 != LINUX_REBOOT_MAGIC1 ||
        ((uint32_t)magic2 != LINUX_REBOOT_MAGIC2 && (uint32_t)magic2 != LINUX_REBOOT_MAGIC2A &&
         (uint32_t)magic2 != LINUX_REBOOT_MAGIC2B && (uint32_t)magic2 != LINUX_REBOOT_MAGIC2C))
        return -EINVAL;
    switch ((uint32_t)cmd) {
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    case LINUX_REBOOT_CMD_RESTART:
        unmount_all();
        power_restart();
    case LINUX_REBOOT_CMD_RESTART2:
        status = exit_status(arg);
        if (status < 0)
            return -EINVAL;
        break;
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_POWER_OFF:
        break;
    default:
        return -EINVAL;
    }
    unmount_all();
    power_off(status);
}
