// What the MMU of this hart can do.
#include "riscv/mmu.h"

int mmu_asid_bits(void) {
    uint64_t irq = irq_save();
    uint64_t old = csr_read(satp);
    csr_write(satp, old | SATP_ASID_MASK); // unimplemented bits read as zero
    uint64_t asids = (csr_read(satp) & SATP_ASID_MASK) >> SATP_ASID_SHIFT;
    csr_write(satp, old);
    tlb_flush_all_local();
    irq_restore(irq);
    int bits = 0;
    while (asids >> bits & 1)
        bits++;
    return bits;
}
