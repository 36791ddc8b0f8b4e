#include "dev/rtc.h"

#include "dev/mmio.h"
#include "klog/printk.h"
#include "mm/kspace.h"
#include "riscv/fdt.h"
#include "sched/timer.h"

// The real-time clock of the "goldfish" virtual platform (Android emulator, QEMU virt): a 64-bit
// count of nanoseconds since 1970 in two registers. Reading the low half latches the high half;
// writing goes high half first. Read once at boot: from then on the monotonic clock carries time.

#define RTC_TIME_LOW 0
#define RTC_TIME_HIGH 4

static volatile uint8_t *rtc; // [I] NULL: no clock

uint64_t rtc_read_ns(void) {
    if (!rtc)
        return 0;
    uint64_t low = mmio_read32(rtc + RTC_TIME_LOW);
    return (uint64_t)mmio_read32(rtc + RTC_TIME_HIGH) << 32 | low;
}

void rtc_set_ns(uint64_t ns) {
    if (!rtc)
        return;
    mmio_write32(rtc + RTC_TIME_HIGH, (uint32_t)(ns >> 32));
    mmio_write32(rtc + RTC_TIME_LOW, (uint32_t)ns);
}

bool rtc_init(void) {
    struct fdt_node node = {0};
    uint64_t base, size;
    if (!fdt_next_compatible(&node, "google,goldfish-rtc") || !fdt_reg(&node, 0, &base, &size))
        return false;
    rtc = ioremap(base, size);
    if (!rtc) {
        pr_warn("rtc: out of memory, time starts at 1970\n");
        return false;
    }
    realtime_set_offset((int64_t)(rtc_read_ns() - ktime_ns()));
    return true;
}
