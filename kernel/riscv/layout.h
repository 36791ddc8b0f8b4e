// The map of the address space (docs/memory-map.md), and the linear map's arithmetic.
// Included by assembly and by the linker script: only #defines outside the guard.
#pragma once

#define KERNEL_LOAD_ADDR 0x80200000 // where firmware puts and enters the image (p_paddr of the ELF)
#define KERNEL_LOAD_OFFSET 0x200000 // the kernel image starts 2 MiB into RAM, where OpenSBI jumps
#define PAGE_OFFSET 0xffffffc000000000 // linear map of all RAM, 128 GiB
#define VMALLOC_START 0xffffffe000000000 // 64 GiB: kernel stacks, vmalloc, device registers
#define VMALLOC_END 0xfffffff000000000
#define KASAN_SHADOW_START 0xfffffff000000000 // 32 GiB, in KASAN builds only
#define KASAN_SHADOW_END 0xfffffff800000000
#define KASAN_SHADOW_OFFSET 0xdffffff800000000 // + address / 8: its shadow byte. Also in Makefile
#define USER_END 0x0000004000000000 // first address above the user half (TASK_SIZE)

#ifdef KASAN
#define KSTACK_SHIFT 14 // 16 KiB: frames have redzones
#else
#define KSTACK_SHIFT 13 // 8 KiB kernel stacks, aligned to twice their size, guard below:
#endif
#define KSTACK_SIZE (1 << KSTACK_SHIFT) // bit KSTACK_SHIFT of a good sp is set ...
                                        // ... and clear in the guard half below it

#ifndef __ASSEMBLER__
#include "lib/types.h"

extern paddr_t ram_base; // lowest RAM address; the linear map's zero. Set by boot.S

// Edges of the kernel image (kernel.ld), each page aligned. [text, rodata, data, bss] in this
// order.
extern char __image_start[], __image_end[];
extern char __text_start[], __text_end[];     // R X
extern char __rodata_start[], __rodata_end[]; // R
extern char __data_start[], __data_end[];     // R W, bss included
extern char __bss_start[], __bss_end[];

static inline void *phys_to_virt(paddr_t pa) { return (void *)(pa - ram_base + PAGE_OFFSET); }
// va must lie in the linear map.
static inline paddr_t virt_to_phys(const void *va) { return (vaddr_t)va - PAGE_OFFSET + ram_base; }
#endif
