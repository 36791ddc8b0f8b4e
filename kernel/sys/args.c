// Copying in what system calls point to.
#include "sys/args.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "sched/limits.h"

int name_get(struct name *n, uaddr_t user) {
    n->s = n->space;
    ssize_t len = strncpy_from_user(n->space, user, NAME_SHORT);
    if (len >= 0)
        return 0;
    if (len != -ENAMETOOLONG)
        return (int)len;
    n->s = kmalloc(PATH_MAX, GFP_KERNEL);
    if (!n->s)
        return -ENOMEM;
    len = strncpy_from_user(n->s, user, PATH_MAX);
    if (len >= 0)
        return 0;
    kfree(n->s);
    return (int)len;
}

void name_put(struct name *n) {
    if (n->s != n->space)
        kfree(n->s);
}

int at_get(struct at *at, int dirfd, const char *name) {
    *at = (struct at){0};
    if (dirfd == AT_FDCWD || name[0] == '/')
        return 0;
    at->file = file_of(dirfd);
    if (!at->file)
        return -EBADF;
    if (!at->file->path.dentry) { // a pipe is no place to start from
        file_put(at->file);
        return -ENOTDIR;
    }
    at->start = &at->file->path;
    return 0;
}

void at_put(struct at *at) {
    if (at->file)
        file_put(at->file);
}

static int lookup_empty(int dirfd, struct path *out) {
    if (dirfd == AT_FDCWD) {
        fsctx_get_cwd(current_fs(), out);
        return 0;
    }
    struct at at;
    int err = at_get(&at, dirfd, "");
    if (err)
        return err;
    *out = *at.start;
    path_get(out);
    at_put(&at);
    return 0;
}

int at_lookup(int dirfd, uaddr_t user_name, int flags, struct path *out) {
    struct name name;
    struct at at;
    int err = name_get(&name, user_name);
    if (err)
        return err;
    if (!name.s[0] && (flags & AT_EMPTY_PATH)) {
        err = lookup_empty(dirfd, out);
        goto out_name;
    }
    err = at_get(&at, dirfd, name.s);
    if (err)
        goto out_name;
    err = path_lookup(current_fs(), at.start, name.s,
                      flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW, out);
    at_put(&at);
out_name:
    name_put(&name);
    return err;
}

ssize_t write_result(ssize_t n) {
    if (unlikely(n == -EPIPE))
        (void)signal_tgkill(-1, current()->tid, SIGPIPE);
    if (unlikely(n == -EFBIG) && current_limit(RLIMIT_FSIZE) != RLIM_INFINITY)
        (void)signal_tgkill(-1, current()->tid, SIGXFSZ);
    return n;
}

static int check_vector(const struct vector *v, int count, size_t *total) {
    *total = 0;
    for (int i = 0; i < count; i++) {
        size_t len = v->iov[i].iov_len;
        if (len > (size_t)INT64_MAX - *total)
            return -EINVAL;
        *total += len;
    }
    return 0;
}

int vector_get(struct vector *v, struct uio *u, uaddr_t user, int count) {
    size_t total, bytes = (size_t)count * sizeof(struct iovec);
    if (count < 0 || count > UIO_MAXIOV)
        return -EINVAL;
    v->iov = v->space;
    if (count > VECTOR_SHORT) {
        v->iov = kmalloc(bytes, GFP_KERNEL);
        if (!v->iov)
            return -ENOMEM;
    }
    int err = copy_from_user(v->iov, user, bytes);
    if (!err)
        err = check_vector(v, count, &total);
    if (err) {
        vector_put(v);
        return err;
    }
    *u = (struct uio){.iov = v->iov, .count = (size_t)count, .left = total};
    return 0;
}

void vector_put(struct vector *v) {
    if (v->iov != v->space)
        kfree(v->iov);
}
