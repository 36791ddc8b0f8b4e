// Reading and writing another process's memory, through its VMAs (for /proc and ptrace).
//
// Each page is faulted in as if the process itself had touched it, and copied through the linear
// map under ptl, which keeps it there. A hole, or a right that the VMA does not give, ends the
// transfer. The other side may be the caller's own memory: it is copied with faults off, and
// faulted in without locks where that was too short.
#include "mm/stat.h"
#include "vm/fault.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

// [va, va + n) lies in one page; *moved: bytes that were copied. False: its entry does not allow
// the access now, fault it in.
static bool copy_part(struct mm *mm, uaddr_t va, size_t n, struct uio *u, bool write,
                      size_t *moved) {
    int level;
    *moved = 0;
    down_read(&mm->lock);
    spin_lock(&mm->ptl);
    const pte_t *slot = va < USER_END ? pt_find_leaf(mm->root, va, &level) : NULL;
    bool allowed = slot && pte_present(*slot) && (!write || pte_writable(*slot));
    if (allowed) {
        char *there = (char *)phys_to_virt(pte_paddr(*slot)) + va % pt_level_size(level);
        assertf(pfn_valid(pte_pfn(*slot)), "va %#lx: PTE %#lx", va, slot->v);
        pagefault_disable();
        *moved = write ? copy_from_uio(u, there, n) : copy_to_uio(u, there, n);
        pagefault_enable();
    }
    spin_unlock(&mm->ptl);
    up_read(&mm->lock);
    return allowed;
}

size_t mm_access_uio(struct mm *mm, uaddr_t addr, size_t n, struct uio *u, bool write) {
    size_t done = 0, moved;
    n = min(n, u->left);
    while (done < n) {
        uaddr_t va = addr + done;
        size_t part = min(PAGE_SIZE - va % PAGE_SIZE, n - done);
        if (copy_part(mm, va, part, u, write, &moved))
            done += moved;
        else if (vm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ))
            break;
        else
            continue;
        if (moved < part && uio_fault_in(u, part - moved, !write) < 0)
            break;
    }
    return done;
}

size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t n, bool write) {
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, buf, n);
    return mm_access_uio(mm, addr, n, &u, write);
}
