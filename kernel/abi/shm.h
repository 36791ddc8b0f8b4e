/* System V shared memory: constants and structs of shmget, shmat and shmctl. */
#ifndef ABI_SHM_H
#define ABI_SHM_H

#include <stddef.h>
#include <stdint.h>

/* shmget: with the permissions */
#define IPC_CREAT     01000
#define IPC_EXCL      02000
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000
#define IPC_PRIVATE   ((key_t)0)

#define SHM_R 0400
#define SHM_W 0200

/* shmat */
#define SHM_RDONLY 010000
#define SHM_RND    020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000
#define SHMLBA     4096

/* shmctl */
#define IPC_RMID     0
#define IPC_SET      1
#define IPC_STAT     2
#define IPC_INFO     3
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

/* in the mode of what IPC_STAT tells */
#define SHM_DEST   01000 /* removed: goes with the last attachment */
#define SHM_LOCKED 02000 /* stays in memory */

typedef int key_t;

struct ipc_perm {
    key_t __key;
    uint32_t uid, gid, cuid, cgid;
    uint32_t mode;
    uint16_t __seq, __pad;
    uint64_t __reserved[2];
};
_Static_assert(sizeof(struct ipc_perm) == 48, "struct ipc_perm");

struct shmid_ds {
    struct ipc_perm shm_perm;
    size_t shm_segsz;
    int64_t shm_atime, shm_dtime, shm_ctime;
    int32_t shm_cpid, shm_lpid;
    uint64_t shm_nattch;
    uint64_t __reserved[2];
};
_Static_assert(sizeof(struct shmid_ds) == 112, "struct shmid_ds");

struct shminfo { /* IPC_INFO */
    uint64_t shmmax, shmmin, shmmni, shmseg, shmall;
    uint64_t __reserved[4];
};

struct shm_info { /* SHM_INFO: sums, in pages */
    int32_t used_ids;
    uint64_t shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

#endif
