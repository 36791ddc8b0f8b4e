// The allocator of the test: can be told to fail.
#pragma once

#include <stddef.h>

#define GFP_KERNEL 0

struct slab_cache;

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*ctor)(void *));
void *slab_alloc(struct slab_cache *c, unsigned gfp);
void slab_free(struct slab_cache *c, void *obj);
