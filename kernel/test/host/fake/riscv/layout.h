// The real header, with the kernel half at addresses that a program of this machine may map. Their
// low 39 bits are the true ones, and so are the slots of the page tables.
#pragma once

#define phys_to_virt riscv_phys_to_virt
#define virt_to_phys riscv_virt_to_phys
#include_next "riscv/layout.h"
#undef phys_to_virt
#undef virt_to_phys
#undef PAGE_OFFSET
#undef VMALLOC_START
#undef VMALLOC_END

#define PAGE_OFFSET 0x404000000000
#define VMALLOC_START 0x406000000000
#define VMALLOC_END 0x407000000000

static inline void *phys_to_virt(paddr_t pa) { return (void *)(pa - ram_base + PAGE_OFFSET); }
static inline paddr_t virt_to_phys(const void *va) { return (vaddr_t)va - PAGE_OFFSET + ram_base; }

// The kernel image, 2 MiB into RAM: 64 KiB of text, 32 KiB of constants, 64 KiB of data.
#define __text_start ((char *)PAGE_OFFSET + KERNEL_LOAD_OFFSET)
#define __text_end (__text_start + 0x10000)
#define __rodata_start __text_end
#define __rodata_end (__rodata_start + 0x8000)
#define __data_start __rodata_end
#define __data_end (__data_start + 0x10000)
