// /proc/<pid>/{maps,smaps,smaps_rollup,pagemap}: an address space and what it has in memory, in
// Linux's formats (proc(5)).
//
// mm->lock is held for reading while a text is made: the areas stay as they are, the pages below
// them come and go (vm/usage.h).
#include "proc/internal.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/file.h"
#include "fs/textbuf.h"
#include "mm/slab.h"
#include "vm/huge.h"
#include "vm/mm.h"
#include "vm/pagecache.h"
#include "vm/shmem.h"
#include "vm/usage.h"
#include "vm/vma.h"

// The open file behind a VMA; NULL for anonymous memory, shared or not (vm/shmem.c: its object is
// both the mapping's host and what the VMA holds).
static const struct file *vma_file(const struct vma *v) {
    return v->file && v->file != v->mapping->host ? v->file : NULL;
}

static void map_name(struct textbuf *b, const struct vma *v, char *path) {
    const struct file *f = vma_file(v);
    if (f) {
        ssize_t n = path_to_string(NULL, &f->path, path, PATH_MAX);
        text_printf(b, "%s", n >= 0 ? path : "?");
    } else if (vma_is_heap(v)) {
        text_printf(b, "[heap]");
    } else if (v->flags & VM_STACK) {
        text_printf(b, "[stack]");
    } else if (v->flags & VM_SPECIAL) {
        text_printf(b, "[vdso]");
    } else if (v->mapping) {
        text_printf(b, "/%s (deleted)", ((const struct shmem *)v->file)->name);
    }
}

#define MAP_NAME_COLUMN 73

// Begins a line. Returns where, for pad_name().
static size_t show_range(struct textbuf *b, uaddr_t start, uaddr_t end, const char *rights) {
    size_t at = b->len;
    text_printf(b, "%08lx-%08lx %s ", start, end, rights);
    return at;
}

static void pad_name(struct textbuf *b, size_t line) {
    int pad = MAP_NAME_COLUMN - (int)(b->len - line);
    text_printf(b, "%*s", max(pad, 0), "");
}

static void show_map(struct textbuf *b, const struct vma *v, char *path) {
    const struct file *f = vma_file(v);
    dev_t dev = f && f->inode->super ? f->inode->super->devno : 0;
    uint64_t off = v->mapping ? v->pgoff << PAGE_SHIFT : 0;
    uint64_t ino = f ? f->inode->ino : v->mapping ? ((const struct shmem *)v->file)->ino : 0;
    char rights[] = {v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
                     v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p', '\0'};
    size_t start = show_range(b, v->start, v->end, rights);
    text_printf(b, "%08lx %02x:%02x %lu ", off, dev >> 8, dev & 255, ino);
    if (v->mapping || (v->flags & (VM_STACK | VM_SPECIAL)) || vma_is_heap(v)) {
        pad_name(b, start);
        map_name(b, v, path);
    }
    text_printf(b, "\n");
}

// ---- what is in memory

static void row(struct textbuf *b, const char *name, uint64_t bytes) {
    text_printf(b, "%-15s %8lu kB\n", name, bytes >> 10);
}
static void row_share(struct textbuf *b, const char *name, uint64_t pss) {
    row(b, name, pss >> PSS_SHIFT);
}

static void show_usage(struct textbuf *b, const struct vm_usage *u, bool rollup) {
    row(b, "Rss:", u->rss);
    row_share(b, "Pss:", u->pss);
    row_share(b, "Pss_Dirty:", u->pss_dirty);
    if (rollup) {
        row_share(b, "Pss_Anon:", u->pss_anon);
        row_share(b, "Pss_File:", u->pss_file);
        row_share(b, "Pss_Shmem:", u->pss_shmem);
    }
    row(b, "Shared_Clean:", u->shared_clean);
    row(b, "Shared_Dirty:", u->shared_dirty);
    row(b, "Private_Clean:", u->private_clean);
    row(b, "Private_Dirty:", u->private_dirty);
    row(b, "Referenced:", u->referenced);
    row(b, "Anonymous:", u->anonymous);
    row(b, "KSM:", 0);
    row(b, "LazyFree:", 0);
    row(b, "AnonHugePages:", u->huge);
    row(b, "ShmemPmdMapped:", 0);
    row(b, "FilePmdMapped:", 0);
    row(b, "Shared_Hugetlb:", 0);
    row(b, "Private_Hugetlb:", 0);
    row(b, "Swap:", u->swap);
    row_share(b, "SwapPss:", u->swap_pss);
    row_share(b, "Locked:", u->pss_locked);
}

static void show_vm_flags(struct textbuf *b, uint32_t flags) {
    static const struct {
        uint32_t flag;
        char name[3];
    } names[] = {
        {VM_READ, "rd"},      {VM_WRITE, "wr"},    {VM_EXEC, "ex"},         {VM_SHARED, "sh"},
        {VM_MAYREAD, "mr"},   {VM_MAYWRITE, "mw"}, {VM_MAYEXEC, "me"},      {VM_SHARED, "ms"},
        {VM_GROWSDOWN, "gd"}, {VM_LOCKED, "lo"},   {VM_DONTEXPAND, "de"},   {VM_ACCOUNT, "ac"},
        {VM_NORESERVE, "nr"}, {VM_HUGEPAGE, "hg"}, {VM_NOHUGEPAGE, "nh"},
    };
    text_printf(b, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (flags & names[i].flag)
            text_printf(b, "%s ", names[i].name);
    text_printf(b, "\n");
}

static void show_smap(struct textbuf *b, const struct vma *v, char *path) {
    struct vm_usage u = {0};
    vma_usage(v, &u);
    show_map(b, v, path);
    row(b, "Size:", vma_pages(v) << PAGE_SHIFT);
    row(b, "KernelPageSize:", PAGE_SIZE);
    row(b, "MMUPageSize:", PAGE_SIZE);
    show_usage(b, &u, false);
    bool fits = ALIGN_UP(v->start, HUGE_SIZE) + HUGE_SIZE <= v->end;
    text_printf(b, "THPeligible:    %8d\n", fits && huge_allowed(v));
    show_vm_flags(b, v->flags);
}

static int show_areas(struct textbuf *b, struct process *p,
                      void (*show)(struct textbuf *b, const struct vma *v, char *path)) {
    struct mm *mm = process_mm(p);
    struct vma *v;
    if (!mm)
        return 0;
    char *path = kmalloc(PATH_MAX, GFP_KERNEL);
    if (path) {
        down_read(&mm->lock);
        list_for_each(v, &mm->vma_list, link)
            show(b, v, path);
        up_read(&mm->lock);
        kfree(path);
    }
    mm_put(mm);
    return path ? 0 : -ENOMEM;
}

int procfs_show_maps(struct textbuf *b, struct process *p) { return show_areas(b, p, show_map); }
int procfs_show_smaps(struct textbuf *b, struct process *p) { return show_areas(b, p, show_smap); }

int procfs_show_smaps_rollup(struct textbuf *b, struct process *p) {
    struct mm *mm = process_mm(p);
    struct vm_usage u = {0};
    struct vma *v;
    uaddr_t start = 0, end = 0;
    if (!mm)
        return -ESRCH;
    down_read(&mm->lock);
    list_for_each(v, &mm->vma_list, link) {
        vma_usage(v, &u);
        start = end ? start : v->start;
        end = v->end;
    }
    up_read(&mm->lock);
    mm_put(mm);
    size_t line = show_range(b, start, end, "---p");
    text_printf(b, "%08lx %02x:%02x %lu ", 0UL, 0, 0, 0UL);
    pad_name(b, line);
    text_printf(b, "[rollup]\n");
    show_usage(b, &u, true);
    return 0;
}

// Whole entries only; frame numbers are for the superuser's eyes.
ssize_t procfs_read_pagemap(char *buf, size_t n, off_t pos, struct process *p) {
    const size_t size = sizeof(uint64_t), end = USER_END >> PAGE_SHIFT;
    size_t first = min((size_t)pos / size, end), count = n / size;
    if (pos % (off_t)size || n % size)
        return -EINVAL;
    struct mm *mm = process_mm(p);
    count = mm ? min(count, end - first) : 0;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)buf)[i] =
            vm_pagemap_entry(mm, (first + i) << PAGE_SHIFT, current_fs()->euid == 0);
    if (mm)
        mm_put(mm);
    return (ssize_t)(count * size);
}
