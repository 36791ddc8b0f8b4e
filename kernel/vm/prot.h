// From a VMA's protection to PTE bits.
#pragma once

#include "riscv/pte.h"
#include "vm/vma.h"

// The bits for a user page of a VMA with these flags. A is always set, and D with W, so that the
// hardware never has to write (or fault) for them. W without R is reserved: writable is readable.
static inline uint64_t vma_pte_bits(uint32_t vm_flags) {
    uint64_t bits = PTE_U | PTE_A;
    if (!(vm_flags & (VM_READ | VM_WRITE | VM_EXEC)))
        return bits | PTE_PROTNONE;
    bits |= PTE_V;
    if (vm_flags & (VM_READ | VM_WRITE))
        bits |= PTE_R;
    if (vm_flags & VM_WRITE)
        bits |= PTE_W | PTE_D;
    if (vm_flags & VM_EXEC)
        bits |= PTE_X;
    return bits;
}

// The same for a page that the first store must fault on: copy-on-write, or not yet dirty.
static inline uint64_t vma_pte_bits_readonly(uint32_t vm_flags) {
    return vma_pte_bits(vm_flags) & ~(PTE_W | PTE_D);
}
