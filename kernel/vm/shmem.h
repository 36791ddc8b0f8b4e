// Shared memory without a file: MAP_SHARED | MAP_ANONYMOUS, and the segments of System V
// (ipc/shm.c). Its pages live in a mapping of its own, so that fork, faults and unmapping treat it
// as they treat a file.
#pragma once

#include "lib/refcount.h"
#include "vm/pagecache.h"

struct mm;

// What VMAs hold; also its mapping's host.
struct shmem {
    struct refcount refs;
    uint64_t promised; // [I] pages, by vm/commit.h; without them each page counts when it is made
    uint64_t ino;      // [I] for /proc/<pid>/maps
    char name[16];     // [I] likewise
    struct mapping mapping;
};

// An object of len bytes (page aligned): its mapping and, for VMAs to hold and release, itself.
// The caller has one hold. reserve: all of it is promised now (vm/commit.h), else each page when it
// is made. 0 or -ENOMEM.
int __must_check shmem_create(uint64_t len, bool reserve, struct mapping **mapping, void **object);
// The same within a caller's object, whose ops hold and release; it has refs 1. And its end: nobody
// maps it.
int __must_check shmem_setup(struct shmem *s, const struct mapping_ops *ops, uint64_t len,
                             bool reserve);
void shmem_teardown(struct shmem *s);
// shmdt(2): unmaps what was mapped at addr of an object with these ops. 0 or -EINVAL.
int __must_check shmem_detach(struct mm *mm, uaddr_t addr, const struct mapping_ops *ops);
void shmem_init(void);
