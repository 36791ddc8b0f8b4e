// Anonymous shared memory.
//
//   VMA, VMA ... --file--> struct shmem { refs, mapping { pages } }
//
// Pages appear zero-filled at the first touch of anybody and stay, in memory or in swap
// (shmemswap.c), until the last VMA is gone.
// Invariant: refs == VMAs that map it + the creator's hold.
#include "vm/shmem.h"

#include "abi/errno.h"
#include "lib/refcount.h"
#include "mm/slab.h"
#include "vm/commit.h"
#include "vm/shmemswap.h"

struct shmem {
    struct refcount refs;
    uint64_t promised; // [I] pages, by vm/commit.h; without them each page counts when it is made
    struct mapping mapping;
};

static struct slab_cache *shmem_slab;

static void hold(void *object) {
    struct shmem *s = object;
    ref_get(&s->refs);
}

static void release(void *object) {
    struct shmem *s = object;
    if (!ref_put(&s->refs))
        return;
    mapping_destroy(&s->mapping);
    commit_add(-(int64_t)s->promised);
    slab_free(shmem_slab, s);
}

static const struct mapping_ops shmem_ops = {
    .read_pages = shmem_read_pages,
    .hold = hold,
    .release = release,
};

int shmem_create(uint64_t len, bool reserve, struct mapping **mapping, void **object) {
    uint64_t promised = reserve ? len >> PAGE_SHIFT : 0;
    int err = commit_check(promised);
    struct shmem *s = err ? NULL : slab_alloc(shmem_slab, GFP_KERNEL);
    if (!s)
        return -ENOMEM;
    assertf(IS_ALIGNED(len, PAGE_SIZE) && len > 0, "shared memory of %lu bytes", len);
    ref_init(&s->refs, 1);
    mapping_init(&s->mapping, &shmem_ops, s);
    s->promised = promised;
    commit_add((int64_t)promised);
    s->mapping.is_shmem = true;
    s->mapping.promised = reserve;
    s->mapping.size = len;
    *mapping = &s->mapping;
    *object = s;
    return 0;
}

void shmem_init(void) { shmem_slab = slab_cache_create("shmem", sizeof(struct shmem), 0, NULL); }
