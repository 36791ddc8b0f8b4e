// Reading and writing another process's memory, through its VMAs (for /proc and ptrace).
//
// Each page is faulted in as if the process itself had touched it, pinned, and copied through the
// linear map. A hole, or a right that the VMA does not give, ends the transfer.
#include "lib/string.h"
#include "mm/stat.h"
#include "vm/fault.h"
#include "vm/mm.h"

// The page at va if its PTE allows the access now: referenced. NULL: fault it in (again).
static struct page *pin_page(struct mm *mm, uaddr_t va, bool write) {
    struct page *p = NULL;
    down_read(&mm->lock);
    spin_lock(&mm->ptl);
    pte_t *slot = pt_find(mm->root, va, 0);
    if (slot && pte_present(*slot) && (!write || pte_writable(*slot))) {
        p = pfn_to_page(pte_pfn(*slot));
        page_get(p);
    }
    spin_unlock(&mm->ptl);
    up_read(&mm->lock);
    return p;
}

size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t n, bool write) {
    size_t done = 0;
    while (done < n) {
        uaddr_t va = addr + done;
        size_t off = va % PAGE_SIZE, part = min(PAGE_SIZE - off, n - done);
        struct page *p = pin_page(mm, va, write);
        if (!p) {
            if (vm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ))
                break;
            continue;
        }
        assertf(p->refcount > 0, "pfn %#lx", page_to_pfn(p));
        char *there = (char *)page_to_virt(p) + off, *here = (char *)buf + done;
        memcpy(write ? there : here, write ? here : there, part);
        if (write && p->flags & (1u << PG_ANON | 1u << PG_SWAPBACKED))
            page_set(p, PG_DIRTY); // it may have got a slot meanwhile (vm/swap.h)
        page_put(p);
        done += part;
    }
    return done;
}
