// Calls into the machine-mode firmware (RISC-V Supervisor Binary Interface 1.0).
//
// Extension in a7, function in a6, arguments in a0..a5; the answer is an error in a0 and a value in
// a1. The legacy console call of SBI 0.1 is the only one without a function number; it is kept
// because every firmware has it, while the debug console (2.0) is too new for QEMU 7.2's OpenSBI.
#include "riscv/sbi.h"

#include "abi/errno.h"

enum sbi_extension {
    SBI_LEGACY_PUTCHAR = 1,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464e43,
    SBI_HSM = 0x48534d,
    SBI_SRST = 0x53525354,
};

enum sbi_rfence { RFENCE_FENCE_I, RFENCE_SFENCE, RFENCE_SFENCE_ASID };
enum sbi_reset { RESET_SHUTDOWN, RESET_COLD };

// SBI errors are -1 .. -8 (chapter 3, table 1).
static int sbi_to_errno(long error) {
    static const int8_t map[] = {0,       EIO,     EOPNOTSUPP, EINVAL, EPERM,
                                 EFAULT, EALREADY, EALREADY,   EALREADY};
    return error > 0 || error <= -(long)ARRAY_SIZE(map) ? -EIO : -map[-error];
}

static int sbi_call(uint64_t ext, uint64_t fn, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                    uint64_t arg3, uint64_t arg4) {
    register uint64_t a0 asm("a0") = arg0;
    register uint64_t a1 asm("a1") = arg1;
    register uint64_t a2 asm("a2") = arg2;
    register uint64_t a3 asm("a3") = arg3;
    register uint64_t a4 asm("a4") = arg4;
    register uint64_t a6 asm("a6") = fn;
    register uint64_t a7 asm("a7") = ext;
    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1)
                 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                 : "memory");
    return sbi_to_errno((long)a0);
}

int sbi_hart_start(uint64_t hartid, paddr_t entry, uint64_t opaque) {
    return sbi_call(SBI_HSM, 0, hartid, entry, opaque, 0, 0);
}

int sbi_send_ipi(uint64_t hart_mask, uint64_t hart_base) {
    return sbi_call(SBI_IPI, 0, hart_mask, hart_base, 0, 0, 0);
}

void sbi_set_timer(uint64_t ticks) { sbi_call(SBI_TIME, 0, ticks, 0, 0, 0, 0); }

int sbi_remote_sfence(uint64_t hart_mask, uint64_t hart_base, vaddr_t start, size_t size) {
    return sbi_call(SBI_RFENCE, RFENCE_SFENCE, hart_mask, hart_base, start, size, 0);
}

int sbi_remote_sfence_asid(uint64_t hart_mask, uint64_t hart_base, vaddr_t start, size_t size,
                           uint64_t asid) {
    return sbi_call(SBI_RFENCE, RFENCE_SFENCE_ASID, hart_mask, hart_base, start, size, asid);
}

int sbi_remote_fence_i(uint64_t hart_mask, uint64_t hart_base) {
    return sbi_call(SBI_RFENCE, RFENCE_FENCE_I, hart_mask, hart_base, 0, 0, 0);
}

__noreturn void sbi_shutdown(void) {
    sbi_call(SBI_SRST, 0, RESET_SHUTDOWN, 0, 0, 0, 0);
    for (;;)
        asm volatile("wfi");
}

__noreturn void sbi_reboot(void) {
    sbi_call(SBI_SRST, 0, RESET_COLD, 0, 0, 0, 0);
    for (;;)
        asm volatile("wfi");
}

void sbi_putchar(char c) { sbi_call(SBI_LEGACY_PUTCHAR, 0, (uint8_t)c, 0, 0, 0, 0); }
