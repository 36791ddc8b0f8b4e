// Address spaces: birth, death, switching, the books.
//
//   mm_create --> users 1 --mm_get/mm_put--> 0: unmap all, free tables, VMAs, root, ASID
//   mm_fork (fork.c) makes one from another
//
// A thread's tcb holds what the context switch needs: satp, and where to note the CPU (mm_cpus).
// Threads without an address space run on the kernel's own root, so a root is free as soon as the
// last thread has left it.
//
// Invariants: 1. total_pages == the pages of all VMAs; data, stack and exec pages likewise by kind.
// 2. rss_* == PTEs with a page, by kind; checked by mm_check(). 3. at users == 0 no CPU has the
// root loaded (asserted by threads == 0).
//
// Rejected: lazily keeping a dead process's page table loaded in kernel threads (saves a satp
// write, costs an IPI or a second count at each exit).
#include "vm/mm.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "sched/limits.h"
#include "vm/commit.h"
#include "vm/family.h"
#include "vm/fault.h"
#include "vm/lend.h"
#include "vm/huge.h"
#include "vm/pagecache.h"
#include "vm/reclaim.h"
#include "vm/rmap.h"
#include "vm/shmem.h"
#include "vm/swap.h"
#include "vm/tlb.h"
#include "vm/vma.h"
#include "vm/zap.h"

#define STACK_RESERVE (128UL << 20) // room below the top of the user half before the mmap area

static struct slab_cache *mm_slab;

void vm_init(void) {
    mm_slab = slab_cache_create("mm_struct", sizeof(struct mm), 64, NULL);
    commit_init();
    family_init();
    huge_init();
    vma_init();
    tlb_init();
    lend_init();
    page_cache_init();
    fault_init();
    shmem_init();
    swap_init();
    reclaim_init();
    writeback_init();
}

// In no family yet.
static struct mm *mm_new(void) {
    struct mm *mm = slab_alloc(mm_slab, GFP_KERNEL);
    if (!mm)
        return NULL;
    memset(mm, 0, sizeof *mm);
    mm->root = pt_root_alloc();
    if (!mm->root) {
        slab_free(mm_slab, mm);
        return NULL;
    }
    ref_init(&mm->users, 1);
    rwsem_init(&mm->lock, "mm", RANK_MM);
    spin_init(&mm->ptl, "ptl", RANK_PAGETABLE);
    vma_tree_init(mm);
    list_init(&mm->swap_link);
    list_init(&mm->family_link);
    tlb_mm_init(mm);
    mm->mmap_base = USER_END - STACK_RESERVE;
    return mm;
}

struct mm *mm_create_member(struct family *f) {
    struct mm *mm = mm_new();
    if (mm)
        family_join(mm, f);
    return mm;
}

struct mm *mm_create(void) {
    struct mm *mm = mm_new();
    if (!mm || family_create(mm))
        return mm;
    tlb_mm_destroy(mm);
    pt_root_free(mm->root);
    slab_free(mm_slab, mm);
    return NULL;
}

static void unmap_everything(struct mm *mm) {
    struct tlb_gather g;
    struct vma *v;

    if (list_empty(&mm->vma_list))
        return;
    tlb_gather_init(&g, mm, true);
    list_for_each(v, &mm->vma_list, link) {
        if (v->mapping)
            rmap_remove_vma(v);
        zap_range(&g, v->start, v->end, ZAP_TABLES | zap_locked(v));
    }
    if (virt_to_page(mm->root)->private) { // tables that MADV_DONTNEED or truncation left empty
        spin_lock(&mm->ptl); // the reverse map may be looking for a page here
        pt_free_empty(mm->root, 0, USER_END, tlb_gather_table, &g);
        spin_unlock(&mm->ptl);
    }
    assertf(virt_to_page(mm->root)->private == 0, "mm %p: entries stay", (void *)mm);
    tlb_finish(&g);
}

static void free_vmas(struct mm *mm) {
    struct vma *v, *next;
    list_for_each_safe(v, next, &mm->vma_list, link)
        vma_free(v); // the tree goes as a whole
}

void mm_put(struct mm *mm) {
    if (!ref_put(&mm->users))
        return;
    assertf(mm->threads == 0, "mm %p dies under %u threads", (void *)mm, mm->threads);
    unmap_everything(mm);
    assertf(mm_rss(mm) + mm->swap_entries == 0,
            "%lu anonymous, %lu file and %lu shared pages stay mapped, %lu swap entries",
            mm->rss_anon, mm->rss_file, mm->rss_shmem, mm->swap_entries);
    assertf(mm->huge_leaves == 0 && !mm->spare_tables, "%lu large pages stay", mm->huge_leaves);
    swap_forget_mm(mm);
    family_leave(mm);
    free_vmas(mm);
    commit_add(-(int64_t)mm->committed);
    if (mm->exe && mm->exe_ops)
        mm->exe_ops->release(mm->exe);
    tlb_mm_destroy(mm);
    pt_root_free(mm->root);
    slab_free(mm_slab, mm);
}

void mm_attach(struct thread *t, struct mm *mm) {
    struct mm *old = t->mm;
    if (mm)
        atomic_add(&mm->threads, 1);
    if (old) {
        uint32_t n = atomic_sub(&old->threads, 1);
        assertf(n > 0, "%s leaves an mm it is not in", t->name);
    }
    t->mm = mm;
    t->tcb.satp = mm ? mm->satp : kernel_satp();
    t->mm_cpus = mm ? &mm->cpus : NULL;
}

void mm_switch(struct mm *mm) {
    struct thread *t = current();
    struct mm *old = t->mm;
    uint64_t irq = irq_save();

    if (mm) {
        atomic_or(&mm->cpus, 1u << cpu_id());
        fence_full(); // as in the context switch
    }
    mmu_load(mm ? mm->satp : kernel_satp());
    if (!mm || !(mm->satp & SATP_ASID_MASK))
        tlb_flush_asid_local(0);
    if (old != mm)
        mm_attach(t, mm); // only now: another CPU may free the old root as soon as we left it
    irq_restore(irq);
}

uint64_t mm_rss(const struct mm *mm) { return mm->rss_anon + mm->rss_file + mm->rss_shmem; }

uint64_t mm_hiwater_rss(struct mm *mm) {
    uint64_t rss = mm_rss(mm);
    if (rss > mm->hiwater_rss)
        mm->hiwater_rss = rss;
    return mm->hiwater_rss;
}

static bool is_data(uint32_t f) { return (f & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE; }

void mm_account(struct mm *mm, uint32_t vm_flags, int64_t n) {
    if (n < 0) {
        mm->hiwater_vm = max(mm->hiwater_vm, mm->total_pages);
        mm_hiwater_rss(mm);
    }
    mm->total_pages += n;
    assertf((int64_t)mm->total_pages >= 0, "total_pages %ld", mm->total_pages);
    if (vm_flags & VM_STACK)
        mm->stack_pages += n;
    else if ((vm_flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
        mm->exec_pages += n;
    else if (is_data(vm_flags))
        mm->data_pages += n;
    if (unlikely(vm_flags & VM_LOCKED))
        mm->locked_pages += n;
    if (vm_flags & VM_ACCOUNT) {
        mm->committed += n;
        commit_add(n);
    }
}

bool mm_data_full(const struct mm *mm, uint32_t old, uint32_t new, uint64_t n) {
    return is_data(new) && !is_data(old) &&
           mm->data_pages + n > current_limit(RLIMIT_DATA) >> PAGE_SHIFT;
}

int mm_may_grow(struct mm *mm, uint32_t vm_flags, uint64_t n) {
    assertf(n <= USER_END >> PAGE_SHIFT, "%lu pages", n); // so no sum overflows
    if ((vm_flags & VM_LOCKED) && mm->locked_pages + n > current_memlock_limit() >> PAGE_SHIFT)
        return -EAGAIN;
    if (mm->total_pages + n > current_limit(RLIMIT_AS) >> PAGE_SHIFT)
        return -ENOMEM;
    if (mm_data_full(mm, 0, vm_flags, n))
        return -ENOMEM;
    return vm_flags & VM_ACCOUNT ? commit_check(n) : 0;
}
