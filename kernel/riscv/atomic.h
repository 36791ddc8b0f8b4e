// Atomic words and memory barriers, over the compiler's C11 builtins.
#pragma once

#include "lib/compiler.h"

#define atomic_load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL) // old value
#define atomic_sub(p, v) __atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL) // old value
#define atomic_or(p, v) __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)   // old value
#define atomic_and(p, v) __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL) // old value
#define atomic_xor(p, v) __atomic_fetch_xor(p, v, __ATOMIC_ACQ_REL) // old value
#define atomic_swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
// Statistics and counts that order nothing.
#define atomic_or_relaxed(p, v) __atomic_fetch_or(p, v, __ATOMIC_RELAXED)
#define atomic_add_relaxed(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define atomic_swap_relaxed(p, v) __atomic_exchange_n(p, v, __ATOMIC_RELAXED)
#define atomic_load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
// True when *p was old and is now new.
#define atomic_cas(p, old, new)                                                                    \
    ({                                                                                             \
        __typeof__(*(p)) o_ = (old);                                                               \
        __atomic_compare_exchange_n(p, &o_, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);       \
    })

static inline void fence_full(void) { asm volatile("fence rw, rw" ::: "memory"); }
static inline void fence_io(void) { asm volatile("fence iorw, iorw" ::: "memory"); }
static inline void fence_i(void) { asm volatile("fence.i" ::: "memory"); }
static inline void cpu_relax(void) { asm volatile("" ::: "memory"); }
