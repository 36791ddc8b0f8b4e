// The SBI calls we use (RISC-V SBI 1.0). Each returns 0 or a negative errno.
#pragma once

#include "lib/compiler.h"

int sbi_hart_start(uint64_t hartid, paddr_t entry, uint64_t opaque);
int sbi_send_ipi(uint64_t hart_mask, uint64_t hart_base);
void sbi_set_timer(uint64_t ticks); // absolute time
// Remote TLB flush on harts of the mask. size -1: everything.
int sbi_remote_sfence(uint64_t hart_mask, uint64_t hart_base, vaddr_t start, size_t size);
int sbi_remote_sfence_asid(uint64_t hart_mask, uint64_t hart_base, vaddr_t start, size_t size,
                           uint64_t asid);
int sbi_remote_fence_i(uint64_t hart_mask, uint64_t hart_base);
__noreturn void sbi_shutdown(void);
__noreturn void sbi_reboot(void);
void sbi_putchar(char c); // legacy console, for the first lines and for panics without a UART
