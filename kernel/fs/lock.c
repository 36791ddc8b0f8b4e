// Advisory locks: a list for each inode that has any.
//
//   own:      rrrrrrrrrr            set w in the middle:  rrr wwww rrr
//   conflict: overlap, another owner, and one of the two is for writing
//
// Invariants: 1. the locks of one owner and kind do not overlap. 2. no two conflict. 3. neighbours
// of one owner and type are one entry.
//
// Lock: lock_lock (RANK_FILE) for all lists; entries are allocated before it is taken. A process
// that waits for itself through others (deadlock) is not found out: it waits until a signal comes.
#include "fs/lock.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "mm/slab.h"

struct lock {
    struct list link;
    struct lock_request r;
};

struct inode_locks {
    struct list locks;   // [lock_lock] of struct lock
    uint64_t changes;    // [lock_lock] grows whenever a lock went or shrank
    struct waitq waitq;
};

static struct spinlock lock_lock = SPINLOCK_INIT("file locks", RANK_FILE);

static struct inode_locks *locks_of(struct inode *i) {
    if (i->locks)
        return i->locks;
    struct inode_locks *l = kmalloc(sizeof(*l), GFP_KERNEL);
    if (!l)
        return NULL;
    list_init(&l->locks);
    l->changes = 0;
    waitq_init(&l->waitq);
    spin_lock(&lock_lock);
    struct inode_locks *mine = i->locks ? NULL : l;
    if (mine)
        i->locks = l;
    spin_unlock(&lock_lock);
    if (!mine)
        kfree(l);
    return i->locks;
}

static bool conflict(const struct lock_request *a, const struct lock_request *b) {
    return a->kind == b->kind && a->owner != b->owner && a->start <= b->end && b->start <= a->end &&
           (a->type == F_WRLCK || b->type == F_WRLCK);
}

static struct lock *find_conflict(struct inode_locks *l, const struct lock_request *r) {
    struct lock *k;

    list_for_each(k, &l->locks, link)
        if (conflict(&k->r, r))
            return k;
    return NULL;
}

static bool mine(const struct lock *k, const struct lock_request *r) {
    return k->r.kind == r->kind && k->r.owner == r->owner;
}

// Joins own neighbours of the same type to *r; those that it swallows go to `gone`.
static void merge(struct inode_locks *l, struct lock_request *r, struct list *gone) {
    struct lock *k, *next;

    list_for_each_safe(k, next, &l->locks, link) {
        bool touches = k->r.end + 1 == r->start || r->end + 1 == k->r.start;
        if (!mine(k, r) || k->r.type != r->type || !touches)
            continue;
        r->start = min(r->start, k->r.start);
        r->end = max(r->end, k->r.end);
        list_move_back(gone, &k->link);
    }
}

// Cuts [r->start, r->end] out of the owner's locks; *split is used for a second part.
static void cut(struct inode_locks *l, const struct lock_request *r, struct lock **split,
                struct list *gone) {
    struct lock *k, *next;

    list_for_each_safe(k, next, &l->locks, link) {
        if (!mine(k, r) || k->r.start > r->end || r->start > k->r.end)
            continue;
        l->changes++;
        bool below = k->r.start < r->start, above = k->r.end > r->end;
        if (below && above) {
            struct lock *upper = *split;
            *split = NULL;
            upper->r = k->r;
            upper->r.start = r->end + 1;
            list_push_front(&k->link, &upper->link); // right behind it
            k->r.end = r->start - 1;
        } else if (below) {
            k->r.end = r->start - 1;
        } else if (above) {
            k->r.start = r->end + 1;
        } else {
            list_move_back(gone, &k->link);
        }
    }
}

// One try. lock_lock held.
static int set_locked(struct inode_locks *l, const struct lock_request *wanted, struct lock **new,
                      struct lock **split, struct list *gone) {
    struct lock_request r = *wanted;

    if (r.type != F_UNLCK && find_conflict(l, &r))
        return -EAGAIN;
    cut(l, &r, split, gone);
    if (r.type == F_UNLCK)
        return 0;
    merge(l, &r, gone);
    (*new)->r = r;
    list_push_back(&l->locks, &(*new)->link);
    *new = NULL;
    return 0;
}

static void free_list(struct list *gone) {
    struct lock *k, *next;

    list_for_each_safe(k, next, gone, link)
        kfree(k);
}

int lock_set(struct inode *i, const struct lock_request *r, bool wait) {
    if (r->type == F_UNLCK && !i->locks)
        return 0;
    struct inode_locks *l = locks_of(i);
    struct lock *new = kmalloc(sizeof(*new), GFP_KERNEL);
    struct lock *split = kmalloc(sizeof(*split), GFP_KERNEL);
    struct list gone = LIST_INIT(gone);
    int err = l && new && split ? -EAGAIN : -ENOMEM;

    while (err == -EAGAIN) {
        spin_lock(&lock_lock);
        err = set_locked(l, r, &new, &split, &gone);
        uint64_t seen = l->changes;
        spin_unlock(&lock_lock);
        if (err != -EAGAIN || !wait)
            break;
        if (wait_event_interruptible(&l->waitq, READ_ONCE(l->changes) != seen))
            err = -EINTR;
    }
    if (!err)
        waitq_wake_all(&l->waitq);
    free_list(&gone);
    kfree(new);
    kfree(split);
    return err;
}

void lock_test(struct inode *i, struct lock_request *r) {
    struct lock *k = NULL;

    spin_lock(&lock_lock);
    if (i->locks && r->type != F_UNLCK)
        k = find_conflict(i->locks, r);
    if (k)
        *r = k->r;
    else
        r->type = F_UNLCK;
    spin_unlock(&lock_lock);
}

void lock_drop_owner(struct inode *i, const void *owner) {
    struct list gone = LIST_INIT(gone);
    struct lock *k, *next;

    spin_lock(&lock_lock);
    list_for_each_safe(k, next, &i->locks->locks, link)
        if (k->r.owner == owner)
            list_move_back(&gone, &k->link);
    i->locks->changes++;
    spin_unlock(&lock_lock);
    waitq_wake_all(&i->locks->waitq);
    free_list(&gone);
}

void lock_free(struct inode *i) {
    if (!i->locks)
        return;
    free_list(&i->locks->locks); // nobody is left who could have any
    kfree(i->locks);
}
