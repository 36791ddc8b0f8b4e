// Reading and writing another process's memory, through its VMAs (for /proc and ptrace).
//
// Each page is faulted in as if the process itself had touched it, and copied through the linear
// map under ptl, which keeps it there. A hole, or a right that the VMA does not give, ends the
// transfer.
#include "lib/string.h"
#include "mm/stat.h"
#include "vm/fault.h"
#include "vm/mm.h"

// [va, va + n) lies in one page. False: its entry does not allow the access now, fault it in.
static bool copy_part(struct mm *mm, uaddr_t va, void *here, size_t n, bool write) {
    int level;
    down_read(&mm->lock);
    spin_lock(&mm->ptl);
    const pte_t *slot = pt_find_leaf(mm->root, va, &level);
    bool allowed = slot && pte_present(*slot) && (!write || pte_writable(*slot));
    if (allowed) {
        char *there = (char *)phys_to_virt(pte_paddr(*slot)) + va % pt_level_size(level);
        assertf(pfn_valid(pte_pfn(*slot)), "va %#lx: PTE %#lx", va, slot->v);
        memcpy(write ? there : here, write ? here : there, n);
    }
    spin_unlock(&mm->ptl);
    up_read(&mm->lock);
    return allowed;
}

size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t n, bool write) {
    size_t done = 0;
    while (done < n) {
        uaddr_t va = addr + done;
        size_t part = min(PAGE_SIZE - va % PAGE_SIZE, n - done);
        if (copy_part(mm, va, (char *)buf + done, part, write))
            done += part;
        else if (vm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ))
            break;
    }
    return done;
}
