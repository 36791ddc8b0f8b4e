// procfs: the tree of registered files, and inodes made from their numbers.
//
//   /proc  ---static nodes---> meminfo, sys/ -> vm/ -> drop_caches ...    registered, for ever
//      \----pid kinds--------> 17/ -> maps, fd/ -> 0 ...                  as processes come and go
//
// sysfs is a second root over the same table of nodes (sysfs.c).
//
// Nothing is kept: an unused inode goes at once (super.drop_inodes), and names are not cached in
// the root and below it where processes come and go (inode.volatile_names).
//
// Directory positions: 0 ".", 1 "..", 2 + n the n-th static child, PIDS + pid a process.
#include "fs/procfs_internal.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/procfs_system.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define PIDS (1 << 16)

static struct proc_node proc_root = {.name = "/", .len = 1};
static struct proc_node **nodes; // by inode number - 1; grows at boot
static size_t node_count;

static const struct inode_ops proc_dir_ops, proc_link_ops;
static const struct file_ops proc_dir_file_ops;

struct proc_node *proc_node(ino_t ino) { return ino - 1 < node_count ? nodes[ino - 1] : NULL; }

// ---- registration (boot: one thread, and memory enough) -----------------------------------------

static void number_node(struct proc_node *n) {
    nodes = krealloc(nodes, (node_count + 1) * sizeof(*nodes), GFP_KERNEL | GFP_NOFAIL_TEST);
    assert(nodes);
    nodes[node_count++] = n;
    n->ino = node_count;
    list_init(&n->children);
    list_init(&n->sibling);
}

static struct proc_node *find_child(const struct proc_node *dir, const char *name, size_t len) {
    struct proc_node *n;

    list_for_each(n, &dir->children, sibling)
        if (n->len == len && !memcmp(n->name, name, len))
            return n;
    return NULL;
}

static struct proc_node *make_child(struct proc_node *dir, const char *name, size_t len) {
    struct proc_node *n = kzalloc(sizeof(*n), GFP_KERNEL | GFP_NOFAIL_TEST);
    assert(n);
    n->name = name;
    n->len = len;
    n->parent = dir;
    number_node(n);
    list_push_back(&dir->children, &n->sibling);
    return n;
}

// The node for a path such as "sys/vm/drop_caches" below a root, with its directories.
static struct proc_node *make_path(struct proc_node *root, const char *path) {
    struct proc_node *dir = root;

    if (!root->ino) {
        number_node(root);
        root->parent = root;
    }
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        size_t len = (size_t)(slash - path);
        struct proc_node *n = find_child(dir, path, len);
        dir = n ? n : make_child(dir, path, len);
    }
    assertf(!find_child(dir, path, strlen(path)), "procfs %s twice", path);
    return make_child(dir, path, strlen(path));
}

void proc_add_below(struct proc_node *root, const struct procfs_file *f) {
    make_path(root, f->path)->file = f;
}
void procfs_add(const struct procfs_file *f) { proc_add_below(&proc_root, f); }
void procfs_add_link(const char *path, const char *target) {
    make_path(&proc_root, path)->target = target;
}

// ---- inodes -------------------------------------------------------------------------------------

// open(O_TRUNC) of a file that a shell redirects into.
static int proc_truncate(struct inode *i, uint64_t size) { return 0; }
static const struct inode_ops proc_file_inode_ops = {.truncate = proc_truncate};

int proc_add_common(struct inode *i, uint32_t mode) {
    if (S_ISREG(mode))
        i->ops = &proc_file_inode_ops;
    i->mode = mode;
    i->nlink = 1;
    i->atime = i->mtime = i->ctime = realtime_now();
    return 0;
}

int proc_read_inode(struct inode *i) {
    if (proc_kind(i->ino) != PROC_STATIC)
        return proc_pid_read_inode(i);
    struct proc_node *n = proc_node(i->ino);
    if (!n)
        return -ENOENT;
    if (n->file) {
        i->fops = &proc_file_ops;
        return proc_add_common(i, S_IFREG | n->file->mode);
    }
    if (n->target) {
        i->ops = &proc_link_ops;
        return proc_add_common(i, S_IFLNK | 0777);
    }
    i->ops = &proc_dir_ops;
    i->fops = &proc_dir_file_ops;
    i->volatile_names = n == &proc_root;
    proc_add_common(i, S_IFDIR | 0555);
    i->nlink = 2;
    return 0;
}

static int self_pid(void) { return proc_pids ? proc_pids->self() : 0; }

static int proc_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    struct proc_node *n = find_child(proc_node(dir->ino), name, len);
    if (n)
        return inode_get(dir->super, n->ino, out);
    if (dir->ino != proc_root.ino)
        return -ENOENT;
    return proc_pid_lookup(dir, name, len, out);
}

// "self" is the only link whose text depends on the reader.
static ssize_t proc_readlink(struct inode *link, char *buf, size_t size) {
    struct proc_node *n = proc_node(link->ino);
    char self[16];
    const char *text = n->target;

    if (!text[0]) {
        scnprintf(self, sizeof(self), "%d", self_pid());
        text = self;
    }
    size_t len = min(strlen(text), size);
    memcpy(buf, text, len);
    return (ssize_t)len;
}

static uint8_t node_type(const struct proc_node *n) {
    return n->file ? DT_REG : n->target ? DT_LNK : DT_DIR;
}

static int proc_readdir(struct file *f, struct dir_sink *sink) {
    struct proc_node *dir = proc_node(f->inode->ino), *n;
    off_t at = 2;

    if (f->pos == 0 && !sink->emit(sink, ".", 1, dir->ino, DT_DIR, 1))
        return 0;
    f->pos = max(f->pos, (off_t)1);
    if (f->pos == 1 && !sink->emit(sink, "..", 2, dir->parent->ino, DT_DIR, 2))
        return 0;
    f->pos = max(f->pos, (off_t)2);
    list_for_each(n, &dir->children, sibling) {
        if (at++ < f->pos)
            continue;
        if (!sink->emit(sink, n->name, n->len, n->ino, node_type(n), at))
            return 0;
        f->pos = at;
    }
    if (dir == &proc_root)
        proc_pid_list(f, sink, PIDS);
    return 0;
}

static const struct inode_ops proc_dir_ops = {.lookup = proc_lookup};
static const struct inode_ops proc_link_ops = {.readlink = proc_readlink};
static const struct file_ops proc_dir_file_ops = {.seek = directory_seek, .readdir = proc_readdir};

static int proc_statfs(struct super *s, struct statfs *out) {
    out->f_type = PROC_SUPER_MAGIC;
    return 0;
}

static const struct super_ops proc_super_ops = {
    .read_inode = proc_read_inode,
    .statfs = proc_statfs,
    .follow_link = proc_pid_follow,
};

static int proc_mount(struct super *s, const char *options) {
    s->ops = &proc_super_ops;
    s->drop_inodes = true;
    return inode_get(s, proc_root.ino, &s->root);
}

static struct fs_type proc_type = {.name = "proc", .single = true, .mount = proc_mount};

void procfs_init(void) {
    procfs_add_link("self", "");
    procfs_add_memory();
    procfs_add_system();
    procfs_add_sysctl();
    procfs_add_kpage();
    fs_register(&proc_type);
    sysfs_init();
}
