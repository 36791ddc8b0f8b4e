// Shrinkers (upcall, docs/floors.md): whoever keeps memory that can be given back registers one.
#pragma once

#include "lib/list.h"

struct shrinker {
    const char *name;
    uint64_t (*count)(void);           // objects that could go
    uint64_t (*scan)(uint64_t wanted); // frees up to `wanted` objects, returns how many went
    struct list link;
};

void shrinker_register(struct shrinker *s);
// Asks every shrinker for its share, `priority` 12 (gentle: 1/4096) to 0 (everything).
uint64_t shrink_all(int priority);

// Empties what all CPUs keep aside of the mm floor: page lists, slab magazines, spare kernel
// stacks. Afterwards free memory and slabs are what callers really hold. For drop_caches and for
// tests that compare counts. May sleep; interrupts on.
void mm_drain_all(void);
