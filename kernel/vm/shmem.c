// Shared memory without a file.
//
//   VMA, VMA ... --file--> struct shmem { refs, mapping { pages } }
//
// Pages appear zero-filled at the first touch of anybody and stay, in memory or in swap
// (shmemswap.c), until the last VMA is gone; those of a segment until it is removed, too.
// Invariant: refs == VMAs that map it + holds of those who made it.
#include "vm/shmem.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/commit.h"
#include "vm/mmap.h"
#include "vm/shmemswap.h"

static struct slab_cache *shmem_slab;

static void hold(void *object) {
    struct shmem *s = object;
    ref_get(&s->refs);
}

static void release(void *object) {
    struct shmem *s = object;
    if (!ref_put(&s->refs))
        return;
    shmem_teardown(s);
    slab_free(shmem_slab, s);
}

static const struct mapping_ops shmem_ops = {
    .read_pages = shmem_read_pages,
    .hold = hold,
    .release = release,
};

int shmem_setup(struct shmem *s, const struct mapping_ops *ops, uint64_t len, bool reserve) {
    uint64_t promised = reserve ? len >> PAGE_SHIFT : 0;
    int err = commit_check(promised);
    if (err)
        return err;
    assertf(IS_ALIGNED(len, PAGE_SIZE) && len > 0, "shared memory of %lu bytes", len);
    ref_init(&s->refs, 1);
    mapping_init(&s->mapping, ops, s);
    s->promised = promised;
    s->ino = 0;
    strlcpy(s->name, "dev/zero", sizeof(s->name));
    commit_add((int64_t)promised);
    s->mapping.is_shmem = true;
    s->mapping.promised = reserve;
    s->mapping.size = len;
    return 0;
}

void shmem_teardown(struct shmem *s) {
    mapping_destroy(&s->mapping);
    commit_add(-(int64_t)s->promised);
}

int shmem_create(uint64_t len, bool reserve, struct mapping **mapping, void **object) {
    struct shmem *s = slab_alloc(shmem_slab, GFP_KERNEL);
    int err = s ? shmem_setup(s, &shmem_ops, len, reserve) : -ENOMEM;
    if (err) {
        slab_free(shmem_slab, s);
        return err;
    }
    *mapping = &s->mapping;
    *object = s;
    return 0;
}

// Is v a part of what was mapped at addr from an object's first page on?
static bool belongs(const struct vma *v, uaddr_t addr, const struct mapping_ops *ops) {
    return v->mapping && v->mapping->ops == ops && (v->start - addr) >> PAGE_SHIFT == v->pgoff;
}

int shmem_detach(struct mm *mm, uaddr_t addr, const struct mapping_ops *ops) {
    struct list dead = LIST_INIT(dead);
    struct mapping *m = NULL;
    int err = 0;
    down_write(&mm->lock);
    for (struct vma *v = vma_find(mm, addr), *next; v && !err; v = next) {
        next = vma_next(mm, v);
        if (m && v->start - addr >= m->size)
            break;
        if (!belongs(v, addr, ops) || (m && v->mapping != m))
            continue;
        m = v->mapping;
        err = vm_unmap_locked(mm, v->start, v->end, &dead); // whole VMAs: no split can fail
    }
    up_write(&mm->lock);
    vm_free_dead(&dead);
    return m ? err : -EINVAL;
}

void shmem_init(void) { shmem_slab = slab_cache_create("shmem", sizeof(struct shmem), 0, NULL); }
