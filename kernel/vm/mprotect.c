// mprotect(2): new rights for a range.
//
//   AAAAAAAAAAAA          split at both ends, change the middle, let neighbours that are now alike
//   AAA|BBBBB|AAA         merge again
//
// PTEs are only ever restricted here or made readable: write permission comes with the next store,
// whose fault knows about copy-on-write and dirty pages. Under PROT_NONE the pages stay, in entries
// that the hardware takes for invalid (PTE_PROTNONE).
//
// As in Linux, VMAs below a hole are changed before the hole makes the call fail with -ENOMEM.
#include "abi/errno.h"
#include "abi/mman.h"
#include "vm/commit.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/prot.h"
#include "vm/tlb.h"

#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

// The entry under new rights.
static pte_t restrict_pte(pte_t pte, uint32_t vm_flags) {
    const uint64_t rights = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_PROTNONE;
    uint64_t bits = vma_pte_bits(vm_flags) & ~PTE_D;
    if (!pte_writable(pte) || !(vm_flags & VM_WRITE))
        bits &= ~PTE_W;
    return (pte_t){(pte.v & ~rights) | bits};
}

static void change_ptes(struct mm *mm, uaddr_t start, uaddr_t end, uint32_t vm_flags) {
    struct pt_cursor c;
    while (mm_lock_table(mm, &c, &start, end)) {
        for (; c.slot != c.stop; c.slot++)
            if (pte_has_page(*c.slot))
                WRITE_ONCE(c.slot->v, restrict_pte(*c.slot, vm_flags).v);
        spin_unlock(&mm->ptl);
    }
}

// One VMA's part of the range. *v becomes the VMA that has it afterwards.
static int protect_part(struct mm *mm, struct vma **v, uaddr_t start, uaddr_t end, int prot) {
    const uint32_t rwx = VM_READ | VM_WRITE | VM_EXEC;
    uint32_t old = (*v)->flags, new = (old & ~rwx) | (prot & PROT_RWX);
    if (new == old)
        return 0;
    if (prot & PROT_RWX & ~(old >> 4)) // VM_MAYREAD is VM_READ << 4, and so on
        return -EACCES;
    if (mm_data_full(mm, old, new, (end - start) >> PAGE_SHIFT))
        return -ENOMEM;
    if (commit_flag(new) && !(old & VM_ACCOUNT)) { // now it is a promise, and stays one
        if (commit_check((end - start) >> PAGE_SHIFT))
            return -ENOMEM;
        new |= VM_ACCOUNT;
    }
    int err = lend_take(mm, start, end, LEND_ALL);
    if (!err)
        err = vma_isolate(mm, v, start, end);
    if (err)
        return err;
    mm_account(mm, old, -(int64_t)vma_pages(*v));
    mm_account(mm, new, vma_pages(*v));
    (*v)->flags = new;
    change_ptes(mm, start, end, new);
    *v = vma_merge(mm, *v);
    return 0;
}

static int protect_range(struct mm *mm, uaddr_t start, uaddr_t end, int prot) {
    struct vma *v = vma_find(mm, start);
    if (v && (prot & PROT_GROWSDOWN)) {
        if (v->start >= end || !(v->flags & VM_GROWSDOWN))
            return v->start >= end ? -ENOMEM : -EINVAL;
        start = v->start;
    }
    for (uaddr_t at = start; at < end;) {
        if (!v || v->start > at)
            return -ENOMEM;
        uaddr_t part_end = min(v->end, end);
        int err = protect_part(mm, &v, at, part_end, prot);
        if (err)
            return err;
        at = part_end;
        v = v->end > at ? v : vma_next(mm, v);
    }
    return 0;
}

int vm_mprotect(struct mm *mm, uaddr_t addr, uint64_t len, int prot) {
    if (prot & ~(PROT_RWX | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (prot & PROT_GROWSUP || !IS_ALIGNED(addr, PAGE_SIZE))
        return -EINVAL;
    if (len == 0)
        return 0;
    if (len > USER_END || addr > USER_END - len)
        return -ENOMEM;
    uaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
    down_write(&mm->lock);
    int err = protect_range(mm, addr, end, prot);
    tlb_flush_range(mm, prot & PROT_GROWSDOWN ? 0 : addr, end); // also after an error half-way
    up_write(&mm->lock);
    return err;
}
