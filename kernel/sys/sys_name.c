// Calls on names: openat(2), mkdirat(2), unlinkat(2), renameat2(2), ..., chdir(2), mount(2).
// Each copies the name in, finds where it starts, and calls the VFS.
#include "abi/errno.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sys/args.h"
#include "sys/syscall.h"

// A name with its start: got together, put together.
struct place {
    struct name name;
    struct at at;
};

static int place_get(struct place *p, int dirfd, uaddr_t user) {
    int err = name_get(&p->name, user);
    if (err)
        return err;
    err = at_get(&p->at, dirfd, p->name.s);
    if (err)
        name_put(&p->name);
    return err;
}

static void place_put(struct place *p) {
    at_put(&p->at);
    name_put(&p->name);
}

static inline uint32_t masked(uint64_t mode) {
    return (uint32_t)mode & ~current_fs()->home->umask;
}

long sys_openat(uint64_t dirfd, uint64_t user, uint64_t flags, uint64_t mode) {
    struct place p;
    struct file *f;
    int err = place_get(&p, (int)dirfd, user);
    if (err)
        return err;
    err = file_open(current_fs(), p.at.start, p.name.s, (int)flags, (uint32_t)mode & 07777, &f);
    place_put(&p);
    if (err)
        return err;
    int fd = fd_install(current_files(), f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

long sys_mkdirat(uint64_t dirfd, uint64_t user, uint64_t mode) {
    struct place p;
    int err = place_get(&p, (int)dirfd, user);
    if (err)
        return err;
    err = vfs_mkdir(current_fs(), p.at.start, p.name.s, masked(mode));
    place_put(&p);
    return err;
}

long sys_mknodat(uint64_t dirfd, uint64_t user, uint64_t mode, uint64_t dev) {
    struct place p;
    int err = place_get(&p, (int)dirfd, user);
    if (err)
        return err;
    err = vfs_mknod(current_fs(), p.at.start, p.name.s, masked(mode), (dev_t)dev);
    place_put(&p);
    return err;
}

long sys_unlinkat(uint64_t dirfd, uint64_t user, uint64_t flags) {
    struct place p;
    if (flags & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    int err = place_get(&p, (int)dirfd, user);
    if (err)
        return err;
    err = vfs_unlink(current_fs(), p.at.start, p.name.s, flags & AT_REMOVEDIR);
    place_put(&p);
    return err;
}

long sys_symlinkat(uint64_t user_target, uint64_t dirfd, uint64_t user) {
    struct name target;
    struct place p;
    int err = name_get(&target, user_target);
    if (err)
        return err;
    err = place_get(&p, (int)dirfd, user);
    if (!err) {
        err = vfs_symlink(current_fs(), target.s, p.at.start, p.name.s);
        place_put(&p);
    }
    name_put(&target);
    return err;
}

long sys_linkat(uint64_t olddir, uint64_t olduser, uint64_t dirfd, uint64_t user, uint64_t flags) {
    struct path old;
    struct place p;
    if (flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int how = (int)flags & AT_EMPTY_PATH;
    int err = at_lookup((int)olddir, olduser,
                        flags & AT_SYMLINK_FOLLOW ? how : how | AT_SYMLINK_NOFOLLOW, &old);
    if (err)
        return err;
    err = place_get(&p, (int)dirfd, user);
    if (!err) {
        err = vfs_link(current_fs(), &old, p.at.start, p.name.s);
        place_put(&p);
    }
    path_put(&old);
    return err;
}

long sys_renameat2(uint64_t olddir, uint64_t olduser, uint64_t newdir, uint64_t newuser,
                   uint64_t flags) {
    struct place from, to;
    int err = place_get(&from, (int)olddir, olduser);
    if (err)
        return err;
    err = place_get(&to, (int)newdir, newuser);
    if (!err) {
        err = vfs_rename(current_fs(), from.at.start, from.name.s, to.at.start, to.name.s,
                         (uint32_t)flags);
        place_put(&to);
    }
    place_put(&from);
    return err;
}

long sys_readlinkat(uint64_t dirfd, uint64_t user, uint64_t out, uint64_t size) {
    struct path path;
    if ((int)size <= 0)
        return -EINVAL;
    int err = at_lookup((int)dirfd, user, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &path);
    if (err)
        return err;
    char *text = kmalloc(PATH_MAX, GFP_KERNEL);
    ssize_t n = text ? vfs_readlink(&path, text, min(size, (uint64_t)PATH_MAX)) : -ENOMEM;
    if (n > 0 && copy_to_user(out, text, (size_t)n))
        n = -EFAULT;
    kfree(text);
    path_put(&path);
    return n;
}

static int enter_directory(const struct path *p) {
    if (!inode_is_dir(p->dentry->inode))
        return -ENOTDIR;
    int err = inode_permission(current_fs(), p->dentry->inode, MAY_EXEC);
    if (!err)
        fsctx_set_cwd(current_fs(), p);
    return err;
}

long sys_chdir(uint64_t user) {
    struct path path;
    int err = at_lookup(AT_FDCWD, user, 0, &path);
    if (err)
        return err;
    err = enter_directory(&path);
    path_put(&path);
    return err;
}

long sys_fchdir(uint64_t fd) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = f->path.dentry ? enter_directory(&f->path) : -ENOTDIR;
    file_put(f);
    return err;
}

long sys_chroot(uint64_t user) {
    struct path path;
    int err = at_lookup(AT_FDCWD, user, 0, &path);
    if (err)
        return err;
    if (!inode_is_dir(path.dentry->inode))
        err = -ENOTDIR;
    else if (current_fs()->euid != 0)
        err = -EPERM;
    else
        fsctx_set_root(current_fs(), &path);
    path_put(&path);
    return err;
}

// Linux's getcwd: the length with the final zero byte.
long sys_getcwd(uint64_t out, uint64_t size) {
    struct path root, cwd;
    char *text = kmalloc(PATH_MAX, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    fsctx_get_root(current_fs(), &root);
    fsctx_get_cwd(current_fs(), &cwd);
    ssize_t n = cwd.dentry->removed ? -ENOENT : path_to_string(&root, &cwd, text, PATH_MAX);
    path_put(&root);
    path_put(&cwd);
    if (n >= 0 && (uint64_t)++n > size)
        n = -ERANGE;
    if (n > 0 && copy_to_user(out, text, (size_t)n))
        n = -EFAULT;
    kfree(text);
    return n;
}

// access(2) asks for the real user; AT_EACCESS for the effective one.
static int check_access(const struct path *p, int mode, bool effective) {
    struct fsctx who = *current_fs();
    if (!effective) {
        who.fsuid = who.uid;
        who.fsgid = who.gid;
    }
    if ((mode & W_OK) && mount_readonly(p->mount) && !S_ISCHR(p->dentry->inode->mode) &&
        !S_ISBLK(p->dentry->inode->mode))
        return -EROFS;
    return mode ? inode_permission(&who, p->dentry->inode, mode) : 0;
}

long sys_faccessat2(uint64_t dirfd, uint64_t user, uint64_t mode, uint64_t flags) {
    struct path path;
    if ((mode & ~7UL) || (flags & ~(uint64_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    int err = at_lookup((int)dirfd, user, (int)flags, &path);
    if (err)
        return err;
    err = check_access(&path, (int)mode, flags & AT_EACCESS);
    path_put(&path);
    return err;
}

long sys_faccessat(uint64_t dirfd, uint64_t user, uint64_t mode) {
    return sys_faccessat2(dirfd, user, mode, 0);
}

// Names that may be NULL are empty then.
static int optional_name(struct name *n, uaddr_t user) {
    if (user)
        return name_get(n, user);
    n->s = n->space;
    n->s[0] = '\0';
    return 0;
}

struct mount_names {
    struct name source, target, type, options;
};

static int mount_call(struct mount_names *m, const uaddr_t user[4], uint32_t flags) {
    int err = optional_name(&m->source, user[0]);
    if (err)
        return err;
    err = name_get(&m->target, user[1]);
    if (err)
        goto out_source;
    err = optional_name(&m->type, user[2]);
    if (err)
        goto out_target;
    err = optional_name(&m->options, user[3]);
    if (err)
        goto out_type;
    err = vfs_mount(current_fs(), m->source.s, m->target.s, m->type.s, flags, m->options.s);
    name_put(&m->options);
out_type:
    name_put(&m->type);
out_target:
    name_put(&m->target);
out_source:
    name_put(&m->source);
    return err;
}

long sys_mount(uint64_t source, uint64_t target, uint64_t type, uint64_t flags, uint64_t options) {
    const uaddr_t user[4] = {source, target, type, options};
    if (current_fs()->euid != 0)
        return -EPERM;
    struct mount_names *m = kmalloc(sizeof(*m), GFP_KERNEL); // too large for the stack
    if (!m)
        return -ENOMEM;
    int err = mount_call(m, user, (uint32_t)flags);
    kfree(m);
    return err;
}

long sys_umount2(uint64_t target, uint64_t flags) {
    struct name name;
    if (current_fs()->euid != 0)
        return -EPERM;
    int err = name_get(&name, target);
    if (err)
        return err;
    err = vfs_umount(current_fs(), name.s, (int)flags);
    name_put(&name);
    return err;
}
