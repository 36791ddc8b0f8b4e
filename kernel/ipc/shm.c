// System V shared memory.
//
//   key --shm_get--> id ----> struct shm { shmem { mapping, pages }, owner, times }
//                   index in `segments`       ^
//                                     VMA ... +  one hold each
//
// A segment is shared memory without a file (vm/shmem.h) that stays without being mapped. It goes
// when it has been removed (IPC_RMID) and nobody has it mapped any more; until then its number
// works, as on Linux.
//
// A number is sequence * INDEX_MAX + index, and the sequence changes with each segment, so that an
// old number does not name a new segment.
//
// Invariants: 1. a segment is in `segments` at its index until it is destroyed. 2. mem.refs == VMAs
// + calls at work + 1; nattch, which the books show, does not count the 1 of the table. 3. SHM_DEST
// in mode: it has no key, and the last detachment destroys it.
//
// Locks: shm_lock_all for everything here. It is a leaf but for the tree's nodes: hold() comes with
// an mm locked. What is destroyed is taken out under it, and freed after.
#include "ipc/shm.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "fs/path.h"
#include "fs/procfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/limits.h"
#include "vm/commit.h"
#include "vm/mmap.h"
#include "vm/shmem.h"
#include "vm/shmemswap.h"

#define INDEX_MAX 32768
#define PERMISSIONS 0777u

struct shm {
    struct shmem mem;             // first: it is what VMAs hold
    int id;                       // [I]
    key_t key;                    // [shm] IPC_PRIVATE: cannot be found by it
    uint64_t size;                // [I] bytes, as asked for
    uint64_t nattch;              // [shm]
    uint32_t mode, uid, gid;      // [shm]
    uint32_t cuid, cgid;          // [I]
    int64_t atime, dtime, ctime;  // [shm] seconds
    int cpid, lpid;               // [shm]
};

static struct spinlock shm_lock_all = SPINLOCK_INIT("shm", RANK_FILE);
static struct radix segments;   // [shm] by index
static uint64_t segment_count;  // [shm]
static uint64_t segment_pages;  // [shm] of all sizes
static uint32_t sequence;       // [shm]
static struct slab_cache *shm_slab, *node_slab;

// Linux's limits, in /proc/sys/kernel.
static uint64_t shmmax = UINT64_MAX - (1UL << 24), shmall = UINT64_MAX - (1UL << 24), shmmni = 4096;

static struct radix_node *node_alloc(void) { return slab_alloc(node_slab, GFP_ATOMIC | GFP_ZERO); }
static void node_free(struct radix_node *n) { slab_free(node_slab, n); }
static const struct radix_ops node_ops = {node_alloc, node_free};

static uint64_t pages_of(const struct shm *s) { return s->mem.mapping.size >> PAGE_SHIFT; }

// ---- attachments

// Somebody has let go of it. detached: a VMA. Destroys it if that was the last wish.
static void put(struct shm *s, bool detached) {
    spin_lock(&shm_lock_all);
    assertf(s->nattch > 0, "segment %d is attached nowhere", s->id);
    s->nattch--;
    if (detached) {
        s->dtime = realtime_now().tv_sec;
        s->lpid = current_pid();
    }
    bool dead = s->nattch == 0 && s->mode & SHM_DEST;
    if (dead) {
        radix_remove(&segments, (uint64_t)s->id % INDEX_MAX);
        segment_count--;
        segment_pages -= pages_of(s);
    }
    spin_unlock(&shm_lock_all);
    bool last = ref_put(&s->mem.refs);
    assertf(!last, "segment %d lost the reference of the table", s->id);
    if (!dead)
        return;
    shmem_teardown(&s->mem);
    slab_free(shm_slab, s);
}

// shm_lock_all held.
static void get_locked(struct shm *s) {
    ref_get(&s->mem.refs);
    s->nattch++;
}

// A VMA maps it: shmat, or fork, or a split.
static void hold(void *object) {
    struct shm *s = object;
    spin_lock(&shm_lock_all);
    get_locked(s);
    s->atime = realtime_now().tv_sec;
    s->lpid = current_pid();
    spin_unlock(&shm_lock_all);
}

static void release(void *object) { put(object, true); }

static const struct mapping_ops shm_ops = {
    .read_pages = shmem_read_pages,
    .hold = hold,
    .release = release,
};

// ---- who may do what

// ipc permissions: bits as in `wanted` (0444, 0222, 0111 in any class).
static int check_mode(const struct fsctx *c, const struct shm *s, uint32_t wanted) {
    uint32_t granted = s->mode;
    wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
    if (c->euid == 0)
        return 0;
    if (c->euid == s->cuid || c->euid == s->uid)
        granted >>= 6;
    else if (fsctx_in_group(c, s->cgid) || fsctx_in_group(c, s->gid))
        granted >>= 3;
    return wanted & ~granted ? -EACCES : 0;
}

static bool is_owner(const struct fsctx *c, const struct shm *s) {
    return c->euid == 0 || c->euid == s->uid || c->euid == s->cuid;
}

// shm_lock_all held.
static struct shm *find_locked(int id) {
    struct shm *s = id < 0 ? NULL : radix_lookup(&segments, (uint64_t)id % INDEX_MAX);
    return s && s->id == id ? s : NULL;
}

// The segment, with shm_lock_all held, for one who must own it. NULL: *err.
static struct shm *lock_owned(const struct fsctx *c, int id, int *err) {
    spin_lock(&shm_lock_all);
    struct shm *s = find_locked(id);
    *err = !s ? -EINVAL : is_owner(c, s) ? 0 : -EPERM;
    if (!*err)
        return s;
    spin_unlock(&shm_lock_all);
    return NULL;
}

// ---- shmget

static struct shm *make(const struct fsctx *c, key_t key, uint64_t size, int flags, int *err) {
    struct shm *s = slab_alloc(shm_slab, GFP_KERNEL);
    uint64_t len = ALIGN_UP(size, PAGE_SIZE);
    bool reserve = !(flags & SHM_NORESERVE) || READ_ONCE(overcommit_memory) == OVERCOMMIT_NEVER;
    *err = s ? shmem_setup(&s->mem, &shm_ops, len, reserve) : -ENOMEM;
    if (*err) {
        slab_free(shm_slab, s);
        return NULL;
    }
    snprintf(s->mem.name, sizeof(s->mem.name), "SYSV%08x", (unsigned)key);
    s->key = key;
    s->size = size;
    s->nattch = 0;
    s->mode = (uint32_t)flags & PERMISSIONS;
    s->uid = s->cuid = c->euid;
    s->gid = s->cgid = c->egid;
    s->atime = s->dtime = 0;
    s->ctime = realtime_now().tv_sec;
    s->cpid = current_pid();
    s->lpid = 0;
    return s;
}

// shm_lock_all held. The segment of the key: its number, or -ENOENT or another error.
static int find_key_locked(const struct fsctx *c, key_t key, uint64_t size, int flags) {
    struct shm *s;
    for (uint64_t i = 0; key != IPC_PRIVATE && (s = radix_next(&segments, &i)); i++) {
        if (s->key != key)
            continue;
        if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
            return -EEXIST;
        if (size > s->size)
            return -EINVAL;
        int err = check_mode(c, s, (uint32_t)flags);
        return err ? err : s->id;
    }
    return -ENOENT;
}

// shm_lock_all held: 0, -ENOSPC: a limit, -ENOMEM.
static int insert_locked(struct shm *s) {
    uint64_t room = min(shmmni, (uint64_t)INDEX_MAX), index;
    if (segment_count >= room || segment_pages + pages_of(s) > shmall)
        return -ENOSPC;
    index = radix_next_free(&segments, 0, room - 1);
    assertf(index < room, "index %lu of %lu with %lu segments", index, room, segment_count);
    int err = radix_insert(&segments, index, s);
    if (err)
        return err;
    s->id = (int)(sequence++ % (INT32_MAX / INDEX_MAX) * INDEX_MAX + index);
    s->mem.ino = (uint64_t)s->id;
    segment_count++;
    segment_pages += pages_of(s);
    return 0;
}

int shm_get(const struct fsctx *c, key_t key, uint64_t size, int flags) {
    spin_lock(&shm_lock_all);
    int id = find_key_locked(c, key, size, flags), err;
    spin_unlock(&shm_lock_all);
    if (id != -ENOENT || (key != IPC_PRIVATE && !(flags & IPC_CREAT)))
        return id;
    if (size < 1 || size > shmmax || flags & SHM_HUGETLB)
        return -EINVAL;
    if (DIV_ROUND_UP(size, PAGE_SIZE) > shmall)
        return -ENOSPC;
    if (size > UINT64_MAX / 2)
        return -ENOMEM;
    struct shm *s = make(c, key, size, flags, &err);
    if (!s)
        return err;
    spin_lock(&shm_lock_all);
    id = find_key_locked(c, key, size, flags); // somebody else made it meanwhile
    if (id == -ENOENT) {
        err = insert_locked(s);
        id = err ? err : s->id;
    } else {
        err = -EEXIST;
    }
    spin_unlock(&shm_lock_all);
    if (err) {
        shmem_teardown(&s->mem);
        slab_free(shm_slab, s);
    }
    return id;
}

// ---- shmat, shmdt

struct attach {
    uaddr_t addr;
    int prot, map;    // PROT_*, MAP_*
    uint32_t may, wanted;
};

static int parse_flags(struct attach *a, int flags) {
    if (a->addr % SHMLBA && !(flags & SHM_RND))
        return -EINVAL;
    a->addr = ALIGN_DOWN(a->addr, (uaddr_t)SHMLBA);
    if (!a->addr && flags & SHM_REMAP)
        return -EINVAL;
    a->map = MAP_SHARED | (flags & SHM_REMAP ? MAP_FIXED : a->addr ? MAP_FIXED_NOREPLACE : 0);
    a->prot = PROT_READ;
    a->may = VM_MAYREAD | VM_MAYEXEC;
    a->wanted = 0444;
    if (!(flags & SHM_RDONLY)) {
        a->prot |= PROT_WRITE;
        a->may |= VM_MAYWRITE;
        a->wanted |= 0222;
    }
    if (flags & SHM_EXEC) {
        a->prot |= PROT_EXEC;
        a->wanted |= 0111;
    }
    return 0;
}

int64_t shm_attach(const struct fsctx *c, struct mm *mm, int id, uaddr_t addr, int flags) {
    struct attach a = {.addr = addr};
    int64_t at = parse_flags(&a, flags);
    if (at)
        return at;
    spin_lock(&shm_lock_all);
    struct shm *s = find_locked(id);
    int err = s ? check_mode(c, s, a.wanted) : -EINVAL;
    if (!err)
        get_locked(s);
    spin_unlock(&shm_lock_all);
    if (err)
        return err;
    at = vm_mmap(mm, a.addr, s->mem.mapping.size, a.prot, a.map, &s->mem.mapping, s, 0, a.may, 0);
    put(s, false);
    return at == -EEXIST ? -EINVAL : at;
}

int shm_detach(struct mm *mm, uaddr_t addr) {
    return addr % SHMLBA ? -EINVAL : shmem_detach(mm, addr, &shm_ops);
}

// ---- shmctl

static void describe(const struct shm *s, struct shmid_ds *out) {
    *out = (struct shmid_ds){
        .shm_perm = {.__key = s->key, .uid = s->uid, .gid = s->gid, .cuid = s->cuid,
                     .cgid = s->cgid, .mode = s->mode, .__seq = (uint16_t)(s->id / INDEX_MAX)},
        .shm_segsz = s->size, .shm_atime = s->atime, .shm_dtime = s->dtime,
        .shm_ctime = s->ctime, .shm_cpid = s->cpid, .shm_lpid = s->lpid, .shm_nattch = s->nattch,
    };
}

int shm_stat(const struct fsctx *c, int id, int how, struct shmid_ds *out) {
    spin_lock(&shm_lock_all);
    struct shm *s = how == IPC_STAT ? find_locked(id)
                    : id < 0        ? NULL
                                    : radix_lookup(&segments, (uint64_t)id);
    int err = !s ? -EINVAL : how == SHM_STAT_ANY ? 0 : check_mode(c, s, 0444);
    if (!err)
        describe(s, out);
    int answer = err ? err : how == IPC_STAT ? 0 : s->id;
    spin_unlock(&shm_lock_all);
    return answer;
}

int shm_set(const struct fsctx *c, int id, const struct shmid_ds *in) {
    int err;
    struct shm *s = lock_owned(c, id, &err);
    if (!s)
        return err;
    if (in->shm_perm.uid == UINT32_MAX || in->shm_perm.gid == UINT32_MAX) {
        err = -EINVAL;
    } else {
        s->uid = in->shm_perm.uid;
        s->gid = in->shm_perm.gid;
        s->mode = (s->mode & ~PERMISSIONS) | (in->shm_perm.mode & PERMISSIONS);
        s->ctime = realtime_now().tv_sec;
    }
    spin_unlock(&shm_lock_all);
    return err;
}

int shm_remove(const struct fsctx *c, int id) {
    int err;
    struct shm *s = lock_owned(c, id, &err);
    if (!s)
        return err;
    s->mode |= SHM_DEST;
    s->key = IPC_PRIVATE;
    get_locked(s);
    spin_unlock(&shm_lock_all);
    put(s, false); // at once, if it was attached nowhere
    return 0;
}

int shm_lock(const struct fsctx *c, int id, bool lock) {
    int err;
    struct shm *s = lock_owned(c, id, &err);
    if (!s)
        return err;
    uint64_t limit = current_memlock_limit();
    if (lock && limit == 0)
        err = -EPERM;
    else if (lock && s->mem.mapping.size > limit)
        err = -ENOMEM;
    if (!err) {
        s->mode = lock ? s->mode | SHM_LOCKED : s->mode & ~(uint32_t)SHM_LOCKED;
        WRITE_ONCE(s->mem.mapping.in_memory, lock);
    }
    spin_unlock(&shm_lock_all);
    return err;
}

// shm_lock_all held.
static int highest_index(void) {
    int highest = 0;
    for (uint64_t i = 0; radix_next(&segments, &i); i++)
        highest = (int)i;
    return highest;
}

int shm_limits(struct shminfo *out) {
    *out = (struct shminfo){.shmmax = shmmax, .shmmin = 1, .shmmni = shmmni, .shmseg = shmmni,
                            .shmall = shmall};
    spin_lock(&shm_lock_all);
    int highest = highest_index();
    spin_unlock(&shm_lock_all);
    return highest;
}

int shm_sums(struct shm_info *out) {
    struct shm *s;
    spin_lock(&shm_lock_all);
    *out = (struct shm_info){.used_ids = (int)segment_count, .shm_tot = segment_pages};
    for (uint64_t i = 0; (s = radix_next(&segments, &i)); i++) {
        out->shm_rss += READ_ONCE(s->mem.mapping.nrpages);
        out->shm_swp += READ_ONCE(s->mem.mapping.nrswapped);
    }
    int highest = highest_index();
    spin_unlock(&shm_lock_all);
    return highest;
}

// ---- /proc

static void show_row(struct textbuf *t, const struct shmid_ds *d, int id, uint64_t rss,
                     uint64_t swap) {
    text_printf(t, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu "
                   "%21lu\n", d->shm_perm.__key, id, d->shm_perm.mode, d->shm_segsz,
                (unsigned)d->shm_cpid, (unsigned)d->shm_lpid, d->shm_nattch, d->shm_perm.uid,
                d->shm_perm.gid, d->shm_perm.cuid, d->shm_perm.cgid, (uint64_t)d->shm_atime,
                (uint64_t)d->shm_dtime, (uint64_t)d->shm_ctime, rss << PAGE_SHIFT,
                swap << PAGE_SHIFT);
}

static int show(struct textbuf *t, void *arg) {
    struct shmid_ds d;
    uint64_t rss = 0, swap = 0;
    int id = -1;
    text_printf(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   "
                   "gid  cuid  cgid      atime      dtime      ctime                   rss         "
                   "         swap\n");
    for (uint64_t i = 0;; i++) {
        spin_lock(&shm_lock_all); // the text may need memory: one at a time
        const struct shm *s = radix_next(&segments, &i);
        if (s) {
            describe(s, &d);
            id = s->id;
            rss = s->mem.mapping.nrpages;
            swap = s->mem.mapping.nrswapped;
        }
        spin_unlock(&shm_lock_all);
        if (!s)
            return 0;
        show_row(t, &d, id, rss, swap);
    }
}

static struct procfs_number max_number = {&shmmax, .max = UINT64_MAX};
static struct procfs_number all_number = {&shmall, .max = UINT64_MAX};
static struct procfs_number count_number = {&shmmni, .max = INDEX_MAX};

static const struct procfs_file files[] = {
    {.path = "sysvipc/shm", .mode = 0444, .show = show},
    {.path = "sys/kernel/shmmax", .mode = 0644, .show = procfs_show_number,
     .store = procfs_store_number, .arg = &max_number},
    {.path = "sys/kernel/shmall", .mode = 0644, .show = procfs_show_number,
     .store = procfs_store_number, .arg = &all_number},
    {.path = "sys/kernel/shmmni", .mode = 0644, .show = procfs_show_number,
     .store = procfs_store_number, .arg = &count_number},
};

void shm_init(void) {
    shm_slab = slab_cache_create("shm", sizeof(struct shm), 0, NULL);
    node_slab = slab_cache_create("shm_node", sizeof(struct radix_node), 0, NULL);
    radix_init(&segments, &node_ops);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
