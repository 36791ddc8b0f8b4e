// A page table as text, a line for each run of neighbours that are mapped alike:
//
//   0x0000000000010000-0x0000000000016000 4K 0x0000000080a31000 VR-XU-A-
//   0x0000003fffc00000-0x0000003fffe00000 2M 0x0000000081200000 VRW-U-AD
//   0x0000003fffe00000-0x0000003fffe01000 4K entry 0x5200
//
// 1. A run: leaves of one level with the same ten low bits, addresses and frames without a gap.
// 2. An entry that is not valid (a swap slot and its like) has a line of its own.

#include "klog/debugcmd.h"
#include "klog/printk.h"
#include "lib/format.h"
#include "mm/pgtable.h"
#include "riscv/mmu.h"

// TODO: with the cursor. snprintf() makes the lines.
size_t pt_print(pte_t *root, vaddr_t start, vaddr_t end, char *buf, size_t size) {
    if (size)
        buf[0] = '\0';
    return 0;
}

static void print_loaded(void) {
    static char text[4096];
    paddr_t root = (mmu_loaded() & SATP_PPN_MASK) << PAGE_SHIFT;
    pt_print(phys_to_virt(root), 0, USER_END, text, sizeof(text));
    pr_info("%s", text);
}

// Ctrl-T p
static struct debugcmd command = {'p', "page table that is loaded here", print_loaded, NULL};

void pt_print_init(void) { debugcmd_register(&command); }
