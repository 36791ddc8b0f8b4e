// System V shared memory: segments that have a number instead of a name. Errors as in the manual
// pages of shmget(2), shmat(2) and shmctl(2).
#pragma once

#include "abi/shm.h"
#include "lib/compiler.h"

struct fsctx;
struct mm;

// The number of the segment with the key, or of a new one. c: who asks.
int shm_get(const struct fsctx *c, key_t key, uint64_t size, int flags);
// The address.
int64_t __must_check shm_attach(const struct fsctx *c, struct mm *mm, int id, uaddr_t addr,
                                int flags);
int __must_check shm_detach(struct mm *mm, uaddr_t addr);
// IPC_STAT, and by index: SHM_STAT, SHM_STAT_ANY, whose answer is the number.
int __must_check shm_stat(const struct fsctx *c, int id, int how, struct shmid_ds *out);
int __must_check shm_set(const struct fsctx *c, int id, const struct shmid_ds *in);
int __must_check shm_remove(const struct fsctx *c, int id);
int __must_check shm_lock(const struct fsctx *c, int id, bool lock);
// IPC_INFO and SHM_INFO: the highest index in use.
int shm_limits(struct shminfo *out);
int shm_sums(struct shm_info *out);
void shm_init(void);
