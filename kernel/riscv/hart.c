// Starting harts by SBI HSM. Firmware enters hart_entry (boot.S) with paging off and the hart's id,
// by which hart_entry finds the hart's boot tcb; page table and stack follow from it.
#include "riscv/hart.h"

#include "lib/assert.h"
#include "riscv/atomic.h"
#include "riscv/sbi.h"

extern char boot_stack_top[], boot_emergency_top[], hart_entry[]; // boot.S

struct tcb boot_tcb[CPU_MAX] = {{.kstack_top = (vaddr_t)boot_stack_top}};
vaddr_t emergency_stack_top[CPU_MAX] = {(vaddr_t)boot_emergency_top};
// Both are read by hart_entry.
uint64_t hart_satp;
struct hart_slot hart_slots[CPU_MAX]; // the last one stays empty

static vaddr_t stack_top(void *stack) {
    vaddr_t top = (vaddr_t)stack + KSTACK_SIZE;
    assertf(IS_ALIGNED(top, 2 * KSTACK_SIZE), "stack %p", stack);
    return top;
}

int hart_start(uint32_t cpu, void *stack, void *emergency, uint64_t satp) {
    static uint32_t slots;
    assertf(cpu > 0 && cpu < CPU_MAX && slots < CPU_MAX - 1, "cpu %u, slot %u", cpu, slots);
    boot_tcb[cpu] = (struct tcb){.kstack_top = stack_top(stack), .cpu = cpu};
    emergency_stack_top[cpu] = stack_top(emergency);
    hart_satp = satp;
    hart_slots[slots++] = (struct hart_slot){machine.hartid[cpu], &boot_tcb[cpu]};
    fence_full();
    return sbi_hart_start(machine.hartid[cpu], virt_to_phys(hart_entry), 0);
}
