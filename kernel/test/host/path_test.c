// Walks of names on the host: the real path cache and walk over a tree of fake inodes, against a
// simple recursive model; and the growing text buffer.
#define timespec host_timespec
#define timeval host_timeval
#define fd_set host_fd_set
#include "host.h"
#undef timespec
#undef timeval
#undef fd_set

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/textbuf.h"
#include "fs/walk.h"
#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/slab.h"

static struct tcb the_tcb;
struct tcb *current_tcb = &the_tcb;

// ---- what lies below ----------------------------------------------------------------------------

static int spins;
static int64_t allocated;  // objects
static int64_t fail_after = -1; // allocations that still succeed; -1: all

void spin_lock(struct spinlock *l) {
    assert(!l->locked);
    l->locked = 1;
    spins++;
}
void spin_unlock(struct spinlock *l) { l->locked = 0; }
void mutex_lock(struct mutex *m) {
    assert(!m->owner && !dentry_lock.locked);
    m->owner = current();
}
void mutex_unlock(struct mutex *m) { m->owner = NULL; }
void schedule(void) {}
uint64_t mem_total_pages(void) { return 4096; }
void shrinker_register(struct shrinker *s) { (void)s; }
void slab_cache_set_reclaimable(struct slab_cache *c) { (void)c; }
void printk(enum loglevel level, const char *fmt, ...) { (void)fmt; }

static void *take(size_t size) {
    if (fail_after == 0)
        return NULL;
    fail_after -= fail_after > 0;
    allocated++;
    return malloc(size);
}
void *kmalloc(size_t size, gfp_t gfp) { return take(size); }
void *kmalloc_array(size_t n, size_t size, gfp_t gfp) { return take(n * size); }
void *krealloc(void *p, size_t size, gfp_t gfp) {
    if (fail_after == 0)
        return NULL;
    fail_after -= fail_after > 0;
    allocated += !p;
    return realloc(p, size);
}
void kfree(void *p) {
    allocated -= p != NULL;
    free(p);
}
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*ctor)(void *)) {
    return (struct slab_cache *)size; // all that slab_alloc needs to know
}
void *slab_alloc(struct slab_cache *c, gfp_t gfp) { return take((size_t)c); }
void slab_free(struct slab_cache *c, void *obj) { kfree(obj); }

// ---- a file system ------------------------------------------------------------------------------

#define NAMES 4
static const char *const names[NAMES] = {
    "a", "bb", "c", "a-long-name-that-needs-memory-of-its-own"};

struct fake {
    struct inode i;
    struct fake *parent, *child[NAMES];
    char target[160];
};

static const struct super_ops fake_super_ops;
static struct super fake_super = {.ops = &fake_super_ops};
static struct fake *fake_root;
static struct mount fake_mount;
static struct fsctx fake_ctx;
static int lookups;

void inode_put(struct inode *i) { i ? i->ref.n-- : 0; }
void mount_put(struct mount *m) { m->ref.n--; }
void mount_cross(struct path *p) { (void)p; }
void path_follow_mount(struct path *p) { (void)p; }
void fsctx_get_root(struct fsctx *c, struct path *out) {
    *out = c->root;
    path_get(out);
}

static struct fake *fake_find(struct fake *dir, const char *name, size_t len) {
    for (int n = 0; n < NAMES; n++)
        if (strlen(names[n]) == len && !memcmp(names[n], name, len))
            return dir->child[n];
    return NULL;
}

static int fake_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    struct fake *f = fake_find((struct fake *)dir, name, len);
    lookups++;
    if (!f)
        return -ENOENT;
    f->i.ref.n++;
    *out = &f->i;
    return 0;
}

static ssize_t fake_readlink(struct inode *i, char *buf, size_t size) {
    size_t n = strlen(((struct fake *)i)->target);
    memcpy(buf, ((struct fake *)i)->target, n);
    return (ssize_t)n;
}

static const struct inode_ops fake_ops = {.lookup = fake_lookup, .readlink = fake_readlink};

static struct fake *fake_new(struct fake *parent, uint32_t mode) {
    struct fake *f = calloc(1, sizeof(*f));
    f->i.ref.n = 1;
    f->i.super = &fake_super;
    f->i.ops = &fake_ops;
    f->i.mode = mode;
    f->i.nlink = 1;
    f->i.uid = 7; // not ours
    f->parent = parent ? parent : f;
    return f;
}

static void fake_free(struct fake *f) {
    for (int n = 0; n < NAMES; n++)
        if (f->child[n])
            fake_free(f->child[n]);
    CHECK(f->i.ref.n == 1, "an inode is held %d times", f->i.ref.n - 1);
    free(f);
}

static void random_name(char *out, size_t size, int parts) {
    size_t at = 0;
    out[0] = '\0';
    if (host_below(3) == 0)
        at += (size_t)(snprintf)(out, size, "%s", host_below(4) ? "/" : "//");
    for (int i = 0; i < parts; i++) {
        uint64_t kind = host_below(10);
        const char *part = kind == 0 ? "." : kind <= 2 ? ".." : names[host_below(NAMES)];
        const char *end = i + 1 < parts || host_below(6) == 0 ? host_below(5) ? "/" : "//" : "";
        at += (size_t)(snprintf)(out + at, size - at, "%s%s", part, end);
    }
}

static void grow_tree(struct fake *dir, int depth) {
    for (int n = 0; n < NAMES; n++) {
        uint64_t kind = host_below(8);
        if (kind < 4 && depth > 0) {
            dir->child[n] = fake_new(dir, S_IFDIR | (host_below(12) ? 0755 : 0700));
            grow_tree(dir->child[n], depth - 1);
        } else if (kind == 4) {
            dir->child[n] = fake_new(dir, S_IFREG | 0644);
        } else if (kind == 5) {
            dir->child[n] = fake_new(dir, S_IFLNK | 0777);
            random_name(dir->child[n]->target, 160, 1 + (int)host_below(3));
        }
    }
}

static int64_t before; // objects when setup() began; the hash table stays

static void setup(void) {
    static bool ready;
    if (!ready)
        path_init();
    ready = true;
    before = allocated;
    fake_root = fake_new(NULL, S_IFDIR | 0755);
    grow_tree(fake_root, 4);
    fake_root->i.ref.n++;
    fake_mount = (struct mount){.ref = {1}, .super = &fake_super};
    fake_mount.root = dentry_make_root(&fake_root->i);
    fake_ctx = (struct fsctx){.fsuid = 1000, .fsgid = 1000, .home = &fake_ctx};
    fake_ctx.root = fake_ctx.cwd = (struct path){&fake_mount, fake_mount.root};
}

// The root's first child as a directory that all may search.
static struct fake *directory_a(void) {
    struct fake *f = fake_root->child[0];
    if (f && !S_ISDIR(f->i.mode)) {
        free(f);
        f = NULL;
    }
    if (!f)
        f = fake_root->child[0] = fake_new(fake_root, 0);
    f->i.mode = S_IFDIR | 0755;
    return f;
}

static void teardown(void) {
    while (dentry_shrink(100))
        ;
    CHECK(fake_mount.ref.n == 1 && fake_mount.root->ref.n == 1, "%d %d", fake_mount.ref.n,
          fake_mount.root->ref.n);
    dentry_put(fake_mount.root);
    fake_free(fake_root);
    CHECK(allocated == before, "%ld objects lost", allocated - before);
}

// ---- the model ----------------------------------------------------------------------------------

static int model(struct fake *at, const char *name, bool follow_last, int *links,
                 struct fake **out) {
    if (!*name)
        return -ENOENT;
    if (*name == '/')
        at = fake_root;
    for (;;) {
        while (*name == '/')
            name++;
        size_t len = strcspn(name, "/");
        if (!len)
            break;
        const char *next = name + len;
        bool slash = *next == '/', last = !next[strspn(next, "/")];
        if (!S_ISDIR(at->i.mode))
            return -ENOTDIR;
        if (!(at->i.mode & 1))
            return -EACCES;
        struct fake *f = at;
        if (len == 2 && !memcmp(name, "..", 2))
            f = at->parent;
        else if (!(len == 1 && *name == '.'))
            f = fake_find(at, name, len);
        if (!f)
            return -ENOENT;
        if (S_ISLNK(f->i.mode) && (!last || slash || follow_last)) {
            if (++*links > MAX_SYMLINKS)
                return -ELOOP;
            char text[PATH_MAX];
            (snprintf)(text, sizeof(text), "%s%s", f->target, slash ? "/" : "");
            // a link that must be a directory, or goes on, is followed at its own end as well
            int err = model(at, text, true, links, &f);
            if (err)
                return err;
        }
        if (last && slash && !S_ISDIR(f->i.mode))
            return -ENOTDIR;
        at = f;
        name = next;
    }
    *out = at;
    return 0;
}

// ---- cases --------------------------------------------------------------------------------------

static void check_walk(const char *name) {
    bool follow = host_below(2);
    struct fake *want = NULL;
    int links = 0, expected = model(fake_root, name, follow, &links, &want);
    struct path p;
    int err = path_lookup(&fake_ctx, NULL, name, follow ? LOOKUP_FOLLOW : 0, &p);
    CHECK(err == expected, "%s: %d, the model says %d", name, err, expected);
    if (err)
        return;
    CHECK(p.dentry->inode == &want->i, "%s leads elsewhere", name);
    char text[256];
    ssize_t n = path_to_string(NULL, &p, text, sizeof(text));
    struct path again;
    CHECK(n > 0 && text[0] == '/', "%s is called %s", name, text);
    CHECK(path_lookup(&fake_ctx, NULL, text, 0, &again) == 0, "%s", text);
    CHECK(again.dentry == p.dentry, "%s", text);
    path_put(&again);
    path_put(&p);
}

static void random_walks(void) {
    for (int tree = 0; tree < 30; tree++) {
        setup();
        for (int i = 0; i < 2000; i++) {
            char name[400];
            random_name(name, sizeof(name), (int)host_below(7));
            check_walk(name);
            if (host_below(50) == 0)
                dentry_shrink(host_below(20));
        }
        teardown();
    }
}

static void cached_walks(void) {
    setup();
    directory_a();
    check_walk("/a/.././a/");
    lookups = spins = 0;
    struct path p;
    CHECK(path_lookup(&fake_ctx, NULL, "/a/.././a", 0, &p) == 0, "cached");
    CHECK(lookups == 0 && spins == 1, "%d lookups, %d locks", lookups, spins);
    path_put(&p);
    char name[NAME_MAX + 2];
    memset(name, 'n', sizeof(name));
    name[NAME_MAX + 1] = '\0';
    CHECK(path_lookup(&fake_ctx, NULL, name, 0, &p) == -ENAMETOOLONG, "256 bytes");
    name[NAME_MAX] = '\0';
    CHECK(path_lookup(&fake_ctx, NULL, name, 0, &p) == -ENOENT, "255 bytes");
    teardown();
}

static void last_components(void) {
    static const struct {
        const char *name, *last;
        int err;
    } rows[] = {{"new", "new", 0},     {"/new", "new", 0},      {"//new//", "new", 0}, {"/", "", 0},
                {"///", "", 0},        {"a/..", "..", 0},       {"a/.", ".", 0},
                {"", "", -ENOENT},
                {"no/x", "", -ENOENT}, {"a/../a/y", "y", 0}};
    setup();
    directory_a();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *last;
        struct path p;
        size_t len;
        int err = path_lookup_parent(&fake_ctx, NULL, rows[i].name, &p, &last, &len);
        CHECK(err == rows[i].err, "%s: %d", rows[i].name, err);
        if (err)
            continue;
        CHECK(len == strlen(rows[i].last) && !memcmp(last, rows[i].last, len), "%s", rows[i].name);
        path_put(&p);
    }
    teardown();
}

// A path through links whose texts are as long as they may be, and no memory somewhere on the way.
static void no_memory(void) {
    setup();
    for (int i = 0; i < 3000; i++) {
        char name[400];
        struct path p;
        random_name(name, sizeof(name), 1 + (int)host_below(6));
        fail_after = (int64_t)host_below(4);
        int err = path_lookup(&fake_ctx, NULL, name, LOOKUP_FOLLOW, &p);
        fail_after = -1;
        if (err == 0)
            path_put(&p);
        if (host_below(4) == 0)
            dentry_shrink(100);
    }
    teardown();
}

// 40 links are followed, 41 are not: a/bb leads to ".", so "bb/bb/bb" in a is three links.
static void many_links(void) {
    char name[4 * MAX_SYMLINKS];
    struct path p;
    setup();
    struct fake *d = directory_a();
    if (d->child[1])
        fake_free(d->child[1]);
    d->child[1] = fake_new(d, S_IFLNK | 0777);
    strcpy(d->child[1]->target, ".");
    size_t at = (size_t)(snprintf)(name, sizeof(name), "/a");
    for (int i = 0; i < MAX_SYMLINKS; i++)
        at += (size_t)(snprintf)(name + at, sizeof(name) - at, "/bb");
    CHECK(path_lookup(&fake_ctx, NULL, name, LOOKUP_FOLLOW, &p) == 0, "40");
    CHECK(p.dentry->inode == &d->i, "elsewhere");
    path_put(&p);
    (snprintf)(name + at, sizeof(name) - at, "/bb");
    CHECK(path_lookup(&fake_ctx, NULL, name, LOOKUP_FOLLOW, &p) == -ELOOP, "41");
    teardown();
}

// Text that just fits, and one byte more, at each size that the buffer has.
static void text_fits(void) {
    char filler[4096];
    memset(filler, 'f', sizeof(filler));
    for (size_t first = 380; first <= 520; first++)
        for (int more = 1; more < 140; more++) {
            struct textbuf t = {0};
            text_write(&t, filler, first);
            text_printf(&t, "%*d", more, 1);
            CHECK(t.len == first + (size_t)more && t.data[t.len - 1] == '1' && !t.data[t.len],
                  "%zu and %d", first, more);
            text_free(&t);
        }
}

static void text_grows(void) {
    struct textbuf t = {0};
    char *model_text = malloc(100000);
    size_t len = 0;
    for (int i = 0; i < 2000; i++) {
        int width = (int)host_below(40);
        if (host_below(300) == 0)
            width = 3000; // longer than the room there is
        text_printf(&t, "%*d;", width, i);
        len += (size_t)(snprintf)(model_text + len, 100000 - len, "%*d;", width, i);
        CHECK(t.len == len && !t.failed, "%zu %zu", t.len, len);
    }
    text_write(&t, "\0x", 2);
    CHECK(!memcmp(t.data, model_text, len) && t.data[len + 1] == 'x', "text");
    fail_after = 0;
    for (int i = 0; i < 100000; i++)
        text_write(&t, "more", 4);
    fail_after = -1;
    CHECK(t.failed, "out of memory");
    text_printf(&t, "%s", "nothing happens");
    text_free(&t);
    CHECK(!t.data && !t.failed, "empty");
    free(model_text);
}

static const struct host_case cases[] = {
    {"random walks against the model", random_walks},
    {"cached walks take one lock", cached_walks},
    {"the last component", last_components},
    {"no memory on the way", no_memory},
    {"as many links as are followed", many_links},
    {"text that just fits", text_fits},
    {"text buffer", text_grows},
};
HOST_MAIN("path_test", cases)
