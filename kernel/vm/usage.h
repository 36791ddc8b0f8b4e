// What a range of an address space has in memory, counted as /proc/<pid>/smaps tells it.
//
//   VSS   the VMA's length                       RSS   pages that a PTE maps
//   PSS   each page's share: its size by the number of PTEs that map it, in 1/4096 bytes
//   USS   private_clean + private_dirty          so the sum of all PSS is the sum of mapped pages
//
// The arithmetic is here, inline, for the host tests; usage.c walks the tables.
#pragma once

#include "lib/compiler.h"

struct mm;
struct vma;

#define PSS_SHIFT 12 // fraction bits of shares, as in Linux

struct vm_usage {
    uint64_t rss, anonymous, swap, locked, referenced, huge; // bytes
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked, swap_pss; // << PSS_SHIFT
};

struct usage_page {  // one PTE, or one large leaf
    uint64_t bytes;
    uint64_t sharers; // PTEs that map it, this one included
    bool anon, shmem, dirty, young, locked;
};

static inline void usage_add_page(struct vm_usage *u, const struct usage_page *p) {
    uint64_t pss = (p->bytes << PSS_SHIFT) / p->sharers;

    u->rss += p->bytes;
    u->pss += pss;
    *(p->anon ? &u->pss_anon : p->shmem ? &u->pss_shmem : &u->pss_file) += pss;
    if (p->anon)
        u->anonymous += p->bytes;
    if (p->young)
        u->referenced += p->bytes;
    if (p->dirty)
        u->pss_dirty += pss;
    if (p->locked) {
        u->locked += pss >> PSS_SHIFT;
        u->pss_locked += pss;
    }
    if (p->sharers > 1)
        *(p->dirty ? &u->shared_dirty : &u->shared_clean) += p->bytes;
    else
        *(p->dirty ? &u->private_dirty : &u->private_clean) += p->bytes;
}

// Adds v's pages to *u. mm->lock held.
void vma_usage(const struct vma *v, struct vm_usage *u);
// A page as /proc/<pid>/pagemap tells it: Linux's 64 bits, without the frame number unless wanted.
uint64_t vm_pagemap_entry(struct mm *mm, uint64_t va, bool show_pfn);
