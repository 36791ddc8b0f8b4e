// /proc/<pid>: a directory for each process, with the files that proc/ lists and those that fs/
// knows itself (fd, fdinfo, cwd, root, mounts, mountinfo).
//
// Every step finds the process anew by its number: nothing here keeps one alive, and whatever is
// read after its end answers -ESRCH or -ENOENT.
#include "fs/procfs_internal.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "lib/format.h"
#include "lib/string.h"

const struct procfs_pid_ops *proc_pids;

void procfs_set_pids(const struct procfs_pid_ops *ops) { proc_pids = ops; }

static const struct inode_ops pid_dir_ops, fd_dir_ops, pid_link_ops;
static const struct file_ops pid_dir_file_ops, fd_dir_file_ops;

// ---- what fs/ knows itself ----------------------------------------------------------------------

static int place_link(struct process *p, bool root, struct path *out) {
    struct fsctx *c = proc_pids->fs(p);
    if (!c)
        return -ENOENT;
    (root ? fsctx_get_root : fsctx_get_cwd)(c, out);
    fsctx_put(c);
    return out->dentry ? 0 : -ENOENT;
}
static int cwd_link(struct process *p, struct path *out) { return place_link(p, false, out); }
static int root_link(struct process *p, struct path *out) { return place_link(p, true, out); }

static int mounts_file(struct textbuf *t, struct process *p) {
    struct path root;
    int err = root_link(p, &root);
    if (err)
        return -EINVAL;
    mounts_show(t, &root);
    path_put(&root);
    return 0;
}

static const struct procfs_pid_file own_files[] = {
    {.name = "cwd", .link = cwd_link},
    {.name = "root", .link = root_link},
    {.name = "mounts", .mode = 0444, .show = mounts_file},
};

static size_t file_count(void) { return ARRAY_SIZE(own_files) + proc_pids->nlist; }
static const struct procfs_pid_file *pid_file(size_t i) {
    return i < ARRAY_SIZE(own_files) ? &own_files[i] : &proc_pids->list[i - ARRAY_SIZE(own_files)];
}

// Directories below /proc/<pid>, beside the files.
static const struct {
    const char *name;
    enum proc_kind kind;
} subdirs[] = {{"fd", PROC_FD_DIR}, {"fdinfo", PROC_FDINFO_DIR}};

// ---- inodes -------------------------------------------------------------------------------------

static void set_owner(struct inode *i, struct process *p) {
    struct fsctx *c = proc_pids->fs(p);
    if (!c)
        return;
    i->uid = c->euid;
    i->gid = c->egid;
    fsctx_put(c);
}

static int make_dir(struct inode *i, const struct inode_ops *ops, const struct file_ops *fops) {
    bool fds = ops == &fd_dir_ops;
    i->ops = ops;
    i->fops = fops;
    i->volatile_names = true;
    proc_add_common(i, S_IFDIR | (fds ? 0500 : 0555));
    i->nlink = 2;
    return 0;
}

static int make_file(struct inode *i, const struct procfs_pid_file *f) {
    if (f && !f->link) {
        i->fops = &proc_file_ops;
        return proc_add_common(i, S_IFREG | f->mode);
    }
    i->ops = &pid_link_ops;
    return proc_add_common(i, S_IFLNK | 0777);
}

static int read_inode(struct inode *i) {
    switch (proc_kind(i->ino)) {
    case PROC_PID_DIR:
        return make_dir(i, &pid_dir_ops, &pid_dir_file_ops);
    case PROC_FD_DIR:
    case PROC_FDINFO_DIR:
        return make_dir(i, &fd_dir_ops, &fd_dir_file_ops);
    case PROC_PID_FILE:
        return make_file(i, pid_file((size_t)proc_index(i->ino)));
    case PROC_FD_LINK:
        return make_file(i, NULL);
    case PROC_FDINFO_FILE:
        i->fops = &proc_file_ops;
        return proc_add_common(i, S_IFREG | 0400);
    default:
        return -ENOENT;
    }
}

int proc_pid_read_inode(struct inode *i) {
    struct process *p = proc_pids->find(proc_pid(i->ino));
    if (!p)
        return -ENOENT;
    int err = read_inode(i);
    set_owner(i, p);
    proc_pids->put(p);
    return err;
}

// ---- names --------------------------------------------------------------------------------------

int proc_parse_number(const char *name, size_t len) {
    int64_t n = 0;

    if (len == 0 || (name[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9' || (n = n * 10 + name[i] - '0') > INT32_MAX)
            return -1;
    }
    return (int)n;
}

int proc_pid_lookup(struct inode *root, const char *name, size_t len, struct inode **out) {
    int pid = proc_parse_number(name, len);
    if (pid <= 0 || !proc_pids)
        return -ENOENT;
    return inode_get(root->super, proc_ino(PROC_PID_DIR, pid, 0), out);
}

static int pid_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    int pid = proc_pid(dir->ino);

    for (size_t i = 0; i < ARRAY_SIZE(subdirs); i++)
        if (strlen(subdirs[i].name) == len && !memcmp(subdirs[i].name, name, len))
            return inode_get(dir->super, proc_ino(subdirs[i].kind, pid, 0), out);
    for (size_t i = 0; i < file_count(); i++)
        if (strlen(pid_file(i)->name) == len && !memcmp(pid_file(i)->name, name, len))
            return inode_get(dir->super, proc_ino(PROC_PID_FILE, pid, (int)i), out);
    return -ENOENT;
}

// The open file, held, or NULL with *err.
static struct file *open_file(int pid, int fd, int *err) {
    struct process *p = proc_pids->find(pid);
    struct file *f = NULL;

    *err = -ESRCH;
    if (!p)
        return NULL;
    struct fdtable *t = proc_pids->files(p);
    *err = t ? proc_pids->may_look(p) : -ENOENT;
    if (!*err) {
        f = fd_get_shared(t, fd);
        *err = f ? 0 : -ENOENT;
    }
    fdtable_put(t);
    proc_pids->put(p);
    return f;
}

static int fd_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    int fd = proc_parse_number(name, len), pid = proc_pid(dir->ino), err = -ENOENT;
    struct file *f = fd < 0 ? NULL : open_file(pid, fd, &err);

    if (!f)
        return err;
    file_put(f);
    bool info = proc_kind(dir->ino) == PROC_FDINFO_DIR;
    return inode_get(dir->super, proc_ino(info ? PROC_FDINFO_FILE : PROC_FD_LINK, pid, fd), out);
}

// ---- links --------------------------------------------------------------------------------------

static int fd_place(int pid, int fd, struct path *out) {
    int err;
    struct file *f = open_file(pid, fd, &err);

    if (!f)
        return err;
    if (f->path.dentry) {
        path_get(&f->path);
        *out = f->path;
    } else {
        err = file_is_pipe(f) ? pipe_anon_path(f, out) : -ENXIO;
    }
    file_put(f);
    return err;
}

int proc_pid_follow(struct inode *link, struct path *out) {
    int pid = proc_pid(link->ino);

    if (proc_kind(link->ino) == PROC_FD_LINK)
        return fd_place(pid, proc_index(link->ino), out);
    if (proc_kind(link->ino) != PROC_PID_FILE)
        return -EINVAL;
    struct process *p = proc_pids->find(pid);
    if (!p)
        return -ENOENT;
    int err = proc_pids->may_look(p);
    if (!err)
        err = pid_file((size_t)proc_index(link->ino))->link(p, out);
    proc_pids->put(p);
    return err;
}

static ssize_t pid_readlink(struct inode *link, char *buf, size_t size) {
    struct path to, root = {0};
    int err = proc_pid_follow(link, &to);

    if (err)
        return err;
    struct process *self = proc_pids->find(proc_pids->self());
    if (self) {
        err = root_link(self, &root);
        proc_pids->put(self);
    }
    ssize_t n = path_to_string(root.dentry ? &root : NULL, &to, buf, size);
    path_put(&root);
    path_put(&to);
    return n;
}

// ---- directories --------------------------------------------------------------------------------

bool proc_pid_list(struct file *f, struct dir_sink *sink, off_t base) {
    int pid = (int)max(f->pos - base, (off_t)1);
    char name[16];

    for (; proc_pids && proc_pids->next(&pid); pid++) {
        size_t len = (size_t)scnprintf(name, sizeof(name), "%d", pid);
        if (!sink->emit(sink, name, len, proc_ino(PROC_PID_DIR, pid, 0), DT_DIR, base + pid + 1))
            return false;
        f->pos = base + pid + 1;
    }
    return true;
}

static bool emit_dots(struct file *f, struct dir_sink *sink) {
    ino_t ino = f->inode->ino;
    ino_t up = proc_kind(ino) == PROC_PID_DIR ? 1 : proc_ino(PROC_PID_DIR, proc_pid(ino), 0);

    if (f->pos == 0 && !sink->emit(sink, ".", 1, ino, DT_DIR, 1))
        return false;
    f->pos = max(f->pos, (off_t)1);
    if (f->pos == 1 && !sink->emit(sink, "..", 2, up, DT_DIR, 2))
        return false;
    f->pos = max(f->pos, (off_t)2);
    return true;
}

static int pid_dir_readdir(struct file *f, struct dir_sink *sink) {
    int pid = proc_pid(f->inode->ino);
    size_t n, dirs = ARRAY_SIZE(subdirs);

    if (!emit_dots(f, sink))
        return 0;
    while ((n = (size_t)f->pos - 2) < dirs + file_count()) {
        bool dir = n < dirs;
        const struct procfs_pid_file *file = dir ? NULL : pid_file(n - dirs);
        const char *name = dir ? subdirs[n].name : file->name;
        ino_t ino = dir ? proc_ino(subdirs[n].kind, pid, 0)
                        : proc_ino(PROC_PID_FILE, pid, (int)(n - dirs));
        uint8_t type = dir ? DT_DIR : file->link ? DT_LNK : DT_REG;
        if (!sink->emit(sink, name, strlen(name), ino, type, f->pos + 1))
            return 0;
        f->pos++;
    }
    return 0;
}

static int fd_dir_readdir(struct file *f, struct dir_sink *sink) {
    int pid = proc_pid(f->inode->ino);
    bool info = proc_kind(f->inode->ino) == PROC_FDINFO_DIR;
    char name[16];

    if (!emit_dots(f, sink))
        return 0;
    struct process *p = proc_pids->find(pid);
    if (!p)
        return -ENOENT;
    struct fdtable *t = proc_pids->may_look(p) ? NULL : proc_pids->files(p);
    proc_pids->put(p);
    for (int fd = (int)f->pos - 2; t && fd_next_open(t, &fd); fd++) {
        size_t len = (size_t)scnprintf(name, sizeof(name), "%d", fd);
        ino_t ino = proc_ino(info ? PROC_FDINFO_FILE : PROC_FD_LINK, pid, fd);
        if (!sink->emit(sink, name, len, ino, info ? DT_REG : DT_LNK, fd + 3))
            break;
        f->pos = fd + 3;
    }
    fdtable_put(t);
    return 0;
}

static const struct inode_ops pid_dir_ops = {.lookup = pid_dir_lookup};
static const struct inode_ops fd_dir_ops = {.lookup = fd_dir_lookup};
static const struct inode_ops pid_link_ops = {.readlink = pid_readlink};
static const struct file_ops pid_dir_file_ops = {
    .seek = directory_seek, .readdir = pid_dir_readdir};
static const struct file_ops fd_dir_file_ops = {.seek = directory_seek, .readdir = fd_dir_readdir};

// ---- text ---------------------------------------------------------------------------------------

static int fdinfo_show(struct textbuf *t, int pid, int fd) {
    int err;
    struct file *f = open_file(pid, fd, &err);

    if (!f)
        return err;
    text_printf(t, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", f->pos, f->flags,
                f->path.mount ? f->path.mount->id : 0, f->inode->ino);
    file_put(f);
    return 0;
}

// The process of a file, held, if the caller may read it.
static int find_readable(const struct procfs_pid_file *file, ino_t ino, struct process **p) {
    *p = proc_pids->find(proc_pid(ino));
    if (!*p)
        return -ESRCH;
    int err = file->mode & 044 ? 0 : proc_pids->may_look(*p);
    if (err)
        proc_pids->put(*p);
    return err;
}

int proc_pid_show(struct textbuf *t, ino_t ino) {
    if (proc_kind(ino) == PROC_FDINFO_FILE)
        return fdinfo_show(t, proc_pid(ino), proc_index(ino));
    const struct procfs_pid_file *file = pid_file((size_t)proc_index(ino));
    struct process *p;
    int err = find_readable(file, ino, &p);
    if (err)
        return err;
    err = file->show ? file->show(t, p) : -EIO;
    proc_pids->put(p);
    return err;
}

bool proc_pid_is_binary(ino_t ino) {
    return proc_kind(ino) == PROC_PID_FILE && pid_file((size_t)proc_index(ino))->read;
}

ssize_t proc_pid_read(char *buf, size_t n, off_t pos, ino_t ino) {
    const struct procfs_pid_file *file = pid_file((size_t)proc_index(ino));
    struct process *p;
    int err = find_readable(file, ino, &p);
    if (err)
        return err;
    ssize_t got = file->read(buf, n, pos, p);
    proc_pids->put(p);
    return got;
}

int proc_pid_store(const char *text, size_t n, ino_t ino) {
    const struct procfs_pid_file *file = pid_file((size_t)proc_index(ino));

    if (proc_kind(ino) != PROC_PID_FILE || !file->store)
        return -EIO;
    struct process *p = proc_pids->find(proc_pid(ino));
    if (!p)
        return -ESRCH;
    int err = file->store(text, n, p);
    proc_pids->put(p);
    return err;
}
