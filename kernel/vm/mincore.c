// mincore(2): which pages of a range are in memory.
//
//   entry with a page (or the zero page)       in
//   swap entry                                 in if the swap cache has it, up to date
//   no entry, a file behind it                 in if the page cache has it, up to date
//   no entry, anonymous                        not: nothing was stored there yet
#include "abi/errno.h"
#include "lib/string.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"
#include "vm/swap.h"

// p is referenced, or NULL: drops it.
static bool put_cached(struct page *p) {
    bool in = p && page_test(p, PG_UPTODATE);
    if (p)
        page_put(p);
    return in;
}

// Marks what the page table has of [start, end).
static void look_at_tables(struct mm *mm, uaddr_t start, uaddr_t end, uint8_t *in) {
    struct pt_cursor c;
    for (uaddr_t at = start; lend_lock_table(mm, &c, &at, end); lend_unlock_table(mm)) {
        if (unlikely(c.level)) {
            uaddr_t from = max(c.va, start), to = min(at, end);
            memset(in + ((from - start) >> PAGE_SHIFT), 1, (to - from) >> PAGE_SHIFT);
            continue;
        }
        for (uint8_t *b = in + ((c.va - start) >> PAGE_SHIFT); c.slot != c.stop; c.slot++, b++)
            *b = pte_has_page(*c.slot) ||
                 (pte_is_swap(*c.slot) && put_cached(swapcache_find(pte_swp(*c.slot))));
    }
}

int vm_mincore(struct mm *mm, uaddr_t addr, size_t n, uint8_t *in) {
    uaddr_t at = addr, end = addr + n * PAGE_SIZE;
    assertf(IS_ALIGNED(addr, PAGE_SIZE) && end <= USER_END, "%#lx, %zu pages", addr, n);
    memset(in, 0, n);
    down_read(&mm->lock);
    look_at_tables(mm, addr, end, in);
    for (struct vma *v = vma_lookup(mm, at); at < end && v; v = vma_lookup(mm, at))
        for (uaddr_t stop = min(v->end, end); at < stop; at += PAGE_SIZE) {
            uint8_t *b = &in[(at - addr) >> PAGE_SHIFT];
            *b = *b || (v->mapping && put_cached(page_cache_find(v->mapping, vma_pgoff(v, at))));
        }
    up_read(&mm->lock);
    return at < end ? -ENOMEM : 0;
}
