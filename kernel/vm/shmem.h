// Anonymous shared memory: MAP_SHARED | MAP_ANONYMOUS. Its pages live in a mapping of its own, so
// that fork, faults and unmapping treat it as they treat a file.
#pragma once

#include "vm/pagecache.h"

// An object of len bytes (page aligned): its mapping and, for VMAs to hold and release, itself.
// The caller has one hold. reserve: all of it is promised now (vm/commit.h), else each page when it
// is made. 0 or -ENOMEM.
int __must_check shmem_create(uint64_t len, bool reserve, struct mapping **mapping, void **object);
void shmem_init(void);
