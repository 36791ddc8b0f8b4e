// Numbers: one radix tree from number to struct pid, under proc_lock.
//
// The tree's nodes come from the slab, whose locks rank before proc_lock (the terminal takes
// proc_lock in its interrupt, and the slab must be usable above the terminal). So pid_alloc() puts
// enough nodes for the deepest tree into a reserve before it locks, and what the tree gives back
// goes to the reserve too; pid_flush() frees the surplus, and the structs whose last user went.
//
// Numbers are given out in rising order and start over at pid_max, skipping what is taken: a number
// that has just become free is not used again soon.
#include "proc/pid.h"

#include "abi/errno.h"
#include "lib/radix.h"
#include "mm/slab.h"
#include "proc/process.h"

#define RESERVE_NODES 5 // levels of a tree up to PID_MAX_LIMIT (22 bits), and one
#define PID_FIRST_AGAIN 300 // after the first round low numbers are left to early daemons

static struct slab_cache *pid_cache;
static struct radix pids;            // [proc]
static struct radix_node *reserve[2 * RESERVE_NODES]; // [proc]
static int reserve_count;            // [proc]
static struct list dead_pids = LIST_INIT(dead_pids);  // [proc] by pid->group
static struct radix_node *surplus;   // [proc] chained by parent
static int last = 0, max_nr = PID_MAX_DEFAULT; // [proc]

static struct radix_node *node_take(void) {
    return reserve_count ? reserve[--reserve_count] : NULL;
}

// A node that the tree no longer needs. Under proc_lock it cannot be freed yet.
static void node_give(struct radix_node *n) {
    if (reserve_count < (int)ARRAY_SIZE(reserve)) {
        *n = (struct radix_node){0};
        reserve[reserve_count++] = n;
    } else {
        n->parent = surplus;
        surplus = n;
    }
}

static const struct radix_ops ops = {node_take, node_give};

// Without proc_lock. -ENOMEM when the reserve stays short.
static int reserve_fill(void) {
    while (READ_ONCE(reserve_count) < RESERVE_NODES) {
        struct radix_node *n = kzalloc(sizeof *n, GFP_KERNEL);
        if (!n)
            return -ENOMEM;
        spin_lock(&proc_lock);
        node_give(n);
        spin_unlock(&proc_lock);
    }
    return 0;
}

// The next free number, or 0. proc_lock held.
static int next_number(void) {
    uint64_t first = (uint64_t)last + 1, end = (uint64_t)max_nr - 1, nr = end + 1;
    if (first <= end)
        nr = radix_next_free(&pids, first, end);
    if (nr > end)
        nr = radix_next_free(&pids, min(PID_FIRST_AGAIN, max_nr / 2), end);
    return nr > end ? 0 : (int)nr;
}

// Gives p the next number. 0, -EAGAIN (all taken), -ENOMEM (the reserve is empty).
static int insert(struct pid *p) {
    spin_lock(&proc_lock);
    p->nr = next_number();
    assertf(p->nr < max_nr, "number %d of %d", p->nr, max_nr);
    int err = p->nr ? radix_insert(&pids, (uint64_t)p->nr, p) : -EAGAIN;
    if (err == 0)
        last = p->nr;
    spin_unlock(&proc_lock);
    return err;
}

struct pid *pid_alloc(int *err) {
    struct pid *p = slab_alloc(pid_cache, GFP_KERNEL);
    *err = -ENOMEM;
    if (p) {
        *p = (struct pid){.users = 1};
        list_init(&p->group);
    }
    // -ENOMEM although the reserve was full: another CPU took its nodes first. Fill it again.
    while (p && *err == -ENOMEM && reserve_fill() == 0)
        *err = insert(p);
    if (*err == 0)
        return p;
    slab_free(pid_cache, p);
    return NULL;
}

struct pid *pid_find_locked(int nr) { return nr > 0 ? radix_lookup(&pids, (uint64_t)nr) : NULL; }

void pid_drop(struct pid *p) {
    assertf(p->users > 0, "pid %d", p->nr);
    if (--p->users > 0)
        return;
    assertf(!p->thread && !p->proc && list_empty(&p->group) && p->session_members == 0,
            "pid %d dropped in use", p->nr);
    radix_remove(&pids, (uint64_t)p->nr);
    list_push_back(&dead_pids, &p->group);
}

void pid_flush(void) {
    spin_lock(&proc_lock);
    struct list dead = LIST_INIT(dead);
    list_splice_back(&dead, &dead_pids);
    struct radix_node *node = surplus;
    surplus = NULL;
    spin_unlock(&proc_lock);
    while (!list_empty(&dead)) {
        struct pid *p = list_first(&dead, struct pid, group);
        list_remove(&p->group);
        slab_free(pid_cache, p);
    }
    while (node) {
        struct radix_node *next = node->parent;
        kfree(node);
        node = next;
    }
}

struct pid *pid_next_locked(int *nr) {
    uint64_t index = *nr > 0 ? (uint64_t)*nr : 1;
    struct pid *p = radix_next(&pids, &index);
    if (p)
        *nr = p->nr;
    return p;
}

int pid_last(void) { return READ_ONCE(last); }
int pid_max(void) { return READ_ONCE(max_nr); }

int pid_set_max(int max) {
    if (max <= PID_FIRST_AGAIN || max > PID_MAX_LIMIT)
        return -EINVAL;
    spin_lock(&proc_lock);
    max_nr = max;
    spin_unlock(&proc_lock);
    return 0;
}

void pid_init(void) {
    pid_cache = slab_cache_create("pid", sizeof(struct pid), 0, NULL);
    radix_init(&pids, &ops);
}
