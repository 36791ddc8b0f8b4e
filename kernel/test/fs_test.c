// Tests of fs/, on a tmpfs of their own: names, data, renames, open files without a name, the path
// cache, pipes, mounts, procfs text. Each scenario runs twice; after the second run as many frames
// are free as after the first (which filled the object caches).
#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/fdtable.h"
#include "fs/lock.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "fs/poll.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/slab.h"
#include "sched/limits.h"
#include "sched/timer.h"
#include "test/test.h"

static struct fsctx *ctx;

// ---- helpers ------------------------------------------------------------------------------------

static int open_file(const char *name, int flags, struct file **out) {
    return file_open(ctx, NULL, name, flags, 0666, out);
}

static ssize_t put(struct file *f, const char *text, off_t at) {
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, (void *)text, strlen(text));
    return file_write(f, &u, &at);
}

static ssize_t get(struct file *f, char *buf, size_t n, off_t at) {
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, buf, n);
    return file_read(f, &u, &at);
}

// A file with this text. 0 or -errno.
static int make(const char *name, const char *text) {
    struct file *f;
    int err = open_file(name, O_WRONLY | O_CREAT | O_TRUNC, &f);
    if (err)
        return err;
    ssize_t n = put(f, text, 0);
    file_put(f);
    return n == (ssize_t)strlen(text) ? 0 : -EIO;
}

// Does the file hold exactly this text?
static bool holds(const char *name, const char *text) {
    char buf[64];
    struct file *f;
    if (open_file(name, O_RDONLY, &f))
        return false;
    ssize_t n = get(f, buf, sizeof(buf), 0);
    file_put(f);
    return n == (ssize_t)strlen(text) && !memcmp(buf, text, (size_t)n);
}

static int find(const char *name) {
    struct path p;
    int err = path_lookup(ctx, NULL, name, 0, &p);
    if (!err)
        path_put(&p);
    return err;
}

// ---- scenarios ----------------------------------------------------------------------------------

static int names(void) {
    KEXPECT(find("/a") == -ENOENT, "");
    KEXPECT(make("/a", "hello") == 0 && holds("/a", "hello"), "");
    KEXPECT(find("a/") == -ENOTDIR && find("/a/b") == -ENOTDIR, "");
    KEXPECT(find("//./a") == 0 && find("/../a") == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/d/", 0755) == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/d", 0755) == -EEXIST, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/d/e", 0755) == 0 && find("d/e/../e/.") == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d", true) == -ENOTEMPTY, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d", false) == -EISDIR, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/a", true) == -ENOTDIR, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d/.", true) == -EINVAL, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d/e/..", true) == -ENOTEMPTY, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d/e", true) == 0 && find("/d/e") == -ENOENT, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d", true) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/a", false) == 0 && find("/a") == -ENOENT, "");
    struct file *f;
    KEXPECT(open_file("/", O_RDWR, &f) == -EISDIR, "");
    KEXPECT(open_file("/n", O_RDONLY, &f) == -ENOENT, "");
    KEXPECT(open_file("", O_RDONLY, &f) == -ENOENT, "");
    return 0;
}

static int long_names(void) {
    char name[NAME_MAX + 3];
    memset(name, 'x', sizeof(name));
    name[0] = '/';
    name[NAME_MAX + 1] = '\0';
    KEXPECT(make(name, "1") == 0 && holds(name, "1"), "");
    KEXPECT(vfs_rename(ctx, NULL, name, NULL, "/s", 0) == 0 && holds("/s", "1"), "");
    KEXPECT(vfs_rename(ctx, NULL, "/s", NULL, name, 0) == 0 && holds(name, "1"), "");
    KEXPECT(vfs_unlink(ctx, NULL, name, false) == 0, "");
    name[NAME_MAX + 1] = 'x';
    name[NAME_MAX + 2] = '\0';
    KEXPECT(find(name) == -ENAMETOOLONG, "");
    return 0;
}

static int data(void) {
    char buf[16];
    struct file *f;
    KEXPECT(open_file("/f", O_RDWR | O_CREAT | O_EXCL, &f) == 0, "");
    KEXPECT(put(f, "end", 3 * PAGE_SIZE - 1) == 3, ""); // behind a hole, across a page's end
    KEXPECT(inode_size(f->inode) == 3 * PAGE_SIZE + 2, "%lu", inode_size(f->inode));
    KEXPECT(get(f, buf, 4, PAGE_SIZE) == 4 && !memcmp(buf, "\0\0\0\0", 4), "");
    KEXPECT(get(f, buf, 16, 3 * PAGE_SIZE - 2) == 4 && !memcmp(buf, "\0end", 4), "");
    KEXPECT(get(f, buf, 16, 3 * PAGE_SIZE + 2) == 0, "");
    KEXPECT(vfs_truncate(f->inode, 3 * PAGE_SIZE) == 0, "");
    KEXPECT(vfs_truncate(f->inode, 3 * PAGE_SIZE + 2) == 0, "");
    KEXPECT(get(f, buf, 3, 3 * PAGE_SIZE - 1) == 3 && !memcmp(buf, "e\0\0", 3), "");
    f->flags |= O_APPEND;
    KEXPECT(put(f, "xy", 0) == 2 && get(f, buf, 9, 3 * PAGE_SIZE + 2) == 2 && buf[0] == 'x', "");
    KEXPECT(file_seek(f, -1, SEEK_END) == (off_t)(3 * PAGE_SIZE + 3), "");
    KEXPECT(file_seek(f, -9, SEEK_SET) == -EINVAL, "");
    file_put(f);
    KEXPECT(open_file("/f", O_WRONLY | O_TRUNC, &f) == 0 && inode_size(f->inode) == 0, "");
    KEXPECT(get(f, buf, 1, 0) == -EBADF, "");
    file_put(f);
    KEXPECT(open_file("/f", O_CREAT | O_EXCL, &f) == -EEXIST, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/f", false) == 0, "");
    return 0;
}

static int unlinked_but_open(void) {
    char buf[64];
    struct file *f;
    struct statfs before, after;
    struct path root = ctx->root;
    KEXPECT(vfs_statfs(&root, &before) == 0, "");
    KEXPECT(make("/u", "still here") == 0 && open_file("/u", O_RDWR, &f) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/u", false) == 0 && find("/u") == -ENOENT, "");
    KEXPECT(make("/u", "another") == 0, "");
    KEXPECT(get(f, buf, 64, 0) == 10 && !memcmp(buf, "still here", 10), "");
    ssize_t n = path_to_string(NULL, &f->path, buf, sizeof(buf));
    KEXPECT(n > 0 && !strcmp(buf, "/u (deleted)"), "%s", buf);
    file_put(f);
    KEXPECT(holds("/u", "another") && vfs_unlink(ctx, NULL, "/u", false) == 0, "");
    KEXPECT(vfs_statfs(&root, &after) == 0, "");
    KEXPECT(before.f_bfree == after.f_bfree && before.f_ffree == after.f_ffree, "%ld %ld",
            before.f_bfree, after.f_bfree);
    return 0;
}

static int renames(void) {
    KEXPECT(make("/1", "one") == 0 && make("/2", "two") == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/d", 0755) == 0 && vfs_mkdir(ctx, NULL, "/d/e", 0755) == 0, "");
    KEXPECT(vfs_rename(ctx, NULL, "/1", NULL, "/2", RENAME_NOREPLACE) == -EEXIST, "");
    KEXPECT(vfs_rename(ctx, NULL, "/1", NULL, "/2", 0) == 0, "");
    KEXPECT(holds("/2", "one") && find("/1") == -ENOENT, "");
    KEXPECT(vfs_rename(ctx, NULL, "/2", NULL, "/d", 0) == -EISDIR, "");
    KEXPECT(vfs_rename(ctx, NULL, "/d", NULL, "/2", 0) == -ENOTDIR, "");
    KEXPECT(vfs_rename(ctx, NULL, "/d", NULL, "/d/e/f", 0) == -EINVAL, "");
    KEXPECT(vfs_rename(ctx, NULL, "/d/e", NULL, "/d", 0) == -ENOTEMPTY, "");
    KEXPECT(vfs_rename(ctx, NULL, "/2", NULL, "/d/e/2", 0) == 0 && holds("/d/e/2", "one"), "");
    KEXPECT(vfs_rename(ctx, NULL, "/d/e", NULL, "/e", 0) == 0 && holds("/e/2", "one"), "");
    KEXPECT(find("/d/e") == -ENOENT && find("/e/../d") == 0, "");
    KEXPECT(vfs_rename(ctx, NULL, "/d", NULL, "/e", 0) == -ENOTEMPTY, "");
    KEXPECT(vfs_rename(ctx, NULL, "/e", NULL, "/d", 0) == 0 && holds("/d/2", "one"), "");
    KEXPECT(vfs_rename(ctx, NULL, "/d/.", NULL, "/x", 0) == -EBUSY, "");
    KEXPECT(vfs_rename(ctx, NULL, "/none", NULL, "/x", 0) == -ENOENT, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d/2", false) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/d", true) == 0, "");
    return 0;
}

static int links(void) {
    struct path p;
    struct file *f;
    char buf[32];
    KEXPECT(make("/t", "text") == 0, "");
    KEXPECT(path_lookup(ctx, NULL, "/t", 0, &p) == 0, "");
    KEXPECT(vfs_link(ctx, &p, NULL, "/h") == 0 && p.dentry->inode->nlink == 2, "");
    path_put(&p);
    KEXPECT(vfs_rename(ctx, NULL, "/t", NULL, "/h", 0) == 0 && find("/t") == 0, ""); // same file
    KEXPECT(vfs_symlink(ctx, "h", NULL, "/l") == 0 && holds("/l", "text"), "");
    KEXPECT(open_file("/l", O_RDONLY | O_NOFOLLOW, &f) == -ELOOP, "");
    KEXPECT(path_lookup(ctx, NULL, "/l", 0, &p) == 0, "");
    KEXPECT(vfs_readlink(&p, buf, sizeof(buf)) == 1 && buf[0] == 'h', "");
    path_put(&p);
    KEXPECT(vfs_symlink(ctx, "loop", NULL, "/loop") == 0 && make("/loop", "x") == -ELOOP, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/d", 0755) == 0, "");
    KEXPECT(vfs_symlink(ctx, "../d", NULL, "/d/up") == 0 && find("/d/up/up/up/up/") == 0, "");
    KEXPECT(vfs_symlink(ctx, "/new", NULL, "/dangling") == 0, "");
    KEXPECT(make("/dangling", "made") == 0 && holds("/new", "made"), "");
    KEXPECT(open_file("/dangling", O_CREAT | O_EXCL | O_WRONLY, &f) == -EEXIST, "");
    static const char *const all[] = {"/t", "/h", "/l", "/loop", "/d/up", "/dangling", "/new"};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        KEXPECT(vfs_unlink(ctx, NULL, all[i], false) == 0, "%s", all[i]);
    KEXPECT(vfs_unlink(ctx, NULL, "/d", true) == 0, "");
    return 0;
}

static int permissions(void) {
    struct fsctx *user = fsctx_copy(ctx, false);
    struct file *f;
    KEXPECT(user, "no memory");
    user->fsuid = user->fsgid = 1000;
    KEXPECT(vfs_mkdir(ctx, NULL, "/p", 0700) == 0 && make("/p/f", "x") == 0, "");
    KEXPECT(file_open(user, NULL, "/p/f", O_RDONLY, 0, &f) == -EACCES, "");
    KEXPECT(vfs_unlink(user, NULL, "/p/f", false) == -EACCES, "");
    KEXPECT(file_open(user, NULL, "/mine", O_CREAT | O_WRONLY, 0600, &f) == 0, "");
    KEXPECT(f->inode->uid == 1000 && (f->inode->mode & 0777) == 0600, "");
    file_put(f);
    KEXPECT(make("/roots", "x") == 0, "");
    KEXPECT(vfs_unlink(user, NULL, "/roots", false) == -EPERM, ""); // the root is sticky
    KEXPECT(file_open(user, NULL, "/roots", O_WRONLY, 0, &f) == -EACCES, "");
    KEXPECT(vfs_unlink(user, NULL, "/mine", false) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/roots", false) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/p/f", false) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/p", true) == 0, "");
    fsctx_put(user);
    return 0;
}

static int removed_cwd(void) {
    struct path p, root;
    char buf[32];
    KEXPECT(vfs_mkdir(ctx, NULL, "/gone", 0755) == 0, "");
    KEXPECT(path_lookup(ctx, NULL, "/gone", 0, &p) == 0, "");
    KEXPECT(find("/gone/x") == -ENOENT, ""); // leaves a negative entry behind
    fsctx_set_cwd(ctx, &p);
    KEXPECT(vfs_unlink(ctx, NULL, "/gone", true) == 0, "");
    KEXPECT(make("new", "x") == -ENOENT && find(".") == 0 && find("..") == 0, "");
    KEXPECT(path_to_string(NULL, &p, buf, 32) > 0 && !strcmp(buf, "/gone (deleted)"), "%s", buf);
    fsctx_get_root(ctx, &root);
    fsctx_set_cwd(ctx, &root);
    path_put(&root);
    path_put(&p);
    return 0;
}

static int mounts(void) {
    struct file *f;
    KEXPECT(vfs_mkdir(ctx, NULL, "/m", 0755) == 0 && make("/m/under", "u") == 0, "");
    KEXPECT(vfs_mount(ctx, "none", "/m", "nonsense", 0, NULL) == -ENODEV, "");
    KEXPECT(vfs_mount(ctx, "none", "/m", "tmpfs", 0, "size=16k,mode=700") == 0, "");
    KEXPECT(find("/m/under") == -ENOENT && make("/m/x", "over") == 0 && find("/m/../m/x") == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/m", true) == -EBUSY, "");
    KEXPECT(vfs_rename(ctx, NULL, "/m/x", NULL, "/x", 0) == -EXDEV, "");
    KEXPECT(open_file("/m/big", O_CREAT | O_RDWR, &f) == 0, "");
    KEXPECT(put(f, "1", 2 * PAGE_SIZE) == 1 && put(f, "1", 0) == 1, "");
    KEXPECT(put(f, "1", PAGE_SIZE) == 1 && put(f, "1", 3 * PAGE_SIZE) == -ENOSPC, "");
    KEXPECT(vfs_truncate(f->inode, PAGE_SIZE) == 0 && put(f, "1", 3 * PAGE_SIZE) == 1, "");
    KEXPECT(vfs_umount(ctx, "/m", 0) == -EBUSY, "");
    file_put(f);
    KEXPECT(vfs_mount(ctx, "none", "/m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0, "");
    KEXPECT(make("/m/y", "no") == -EROFS && make("/m/x", "no") == -EROFS, "");
    KEXPECT(vfs_umount(ctx, "/m", 0) == 0 && holds("/m/under", "u"), "");
    KEXPECT(vfs_umount(ctx, "/m", 0) == -EINVAL || vfs_umount(ctx, "/m", 0) == -EBUSY, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/m/under", false) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/m", true) == 0, "");
    return 0;
}

static int lazy_umount(void) {
    struct file *f;
    KEXPECT(vfs_mkdir(ctx, NULL, "/z", 0755) == 0, "");
    KEXPECT(vfs_mount(ctx, "none", "/z", "tmpfs", 0, "") == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/z/y", 0755) == 0, "");
    KEXPECT(vfs_mount(ctx, "none", "/z/y", "tmpfs", 0, "") == 0, "");
    KEXPECT(open_file("/z/f", O_CREAT | O_RDWR, &f) == 0, "");
    KEXPECT(vfs_umount(ctx, "/z", 0) == -EBUSY && vfs_umount(ctx, "/z", MNT_DETACH) == 0, "");
    KEXPECT(find("/z/f") == -ENOENT && put(f, "works", 0) == 5, "");
    file_put(f); // now it goes
    KEXPECT(vfs_unlink(ctx, NULL, "/z", true) == 0, "");
    return 0;
}

static int cache_shrinks(void) {
    char name[16];
    for (int i = 0; i < 200; i++) {
        scnprintf(name, sizeof(name), "/none%d", i);
        KEXPECT(find(name) == -ENOENT, "");
    }
    KEXPECT(dentry_shrink(100) == 100, "");
    while (dentry_shrink(1000))
        ;
    KEXPECT(make("/kept", "k") == 0, "");
    while (dentry_shrink(1000))
        ;
    KEXPECT(holds("/kept", "k") && vfs_unlink(ctx, NULL, "/kept", false) == 0, "");
    return 0;
}

// ---- pipes --------------------------------------------------------------------------------------

static int pipes(void) {
    struct file *r, *w;
    char buf[64];
    KEXPECT(pipe_create(O_NONBLOCK, &r, &w) == 0, "");
    KEXPECT(get(r, buf, 64, 0) == -EAGAIN, "");
    KEXPECT(put(w, "abc", 0) == 3 && put(w, "def", 0) == 3, "");
    KEXPECT(get(r, buf, 4, 0) == 4 && !memcmp(buf, "abcd", 4), "");
    KEXPECT(get(r, buf, 64, 0) == 2 && !memcmp(buf, "ef", 2), "");
    KEXPECT(get(w, buf, 1, 0) == -EBADF && put(r, "x", 0) == -EBADF, "");
    KEXPECT(put(w, "last", 0) == 4, "");
    file_put(w);
    KEXPECT(get(r, buf, 64, 0) == 4 && get(r, buf, 64, 0) == 0, "");
    file_put(r);
    KEXPECT(pipe_create(0, &r, &w) == 0, "");
    file_put(r);
    KEXPECT(put(w, "x", 0) == -EPIPE, "");
    file_put(w);
    return 0;
}

// Full at 64 KiB; a small write that does not fit does not happen at all.
static int pipe_atomicity(void) {
    struct file *r, *w;
    char *page = kzalloc(PAGE_SIZE + 1, GFP_KERNEL);
    KEXPECT(page && pipe_create(O_NONBLOCK, &r, &w) == 0, "");
    memset(page, 'p', PAGE_SIZE - 1);
    for (int i = 0; i < 16; i++)
        KEXPECT(put(w, page, 0) == (ssize_t)PAGE_SIZE - 1, "%d", i); // 4,095 bytes: not whole pages
    KEXPECT(put(w, page, 0) == -EAGAIN, "");
    KEXPECT(put(w, "0123456789abcdef", 0) == 16, ""); // what was left of 64 KiB
    KEXPECT(put(w, "x", 0) == -EAGAIN, "");
    KEXPECT(get(r, page, 10, 0) == 10 && put(w, "x", 0) == -EAGAIN, ""); // no slot is free yet
    KEXPECT(get(r, page, PAGE_SIZE, 0) == (ssize_t)PAGE_SIZE, "");
    KEXPECT(put(w, "x", 0) == 1, "");
    KEXPECT(pipe_set_size(w, PAGE_SIZE) == -EBUSY && pipe_set_size(w, 1 << 18) == 1 << 18, "");
    file_put(w);
    ssize_t all = 0, n;
    while ((n = get(r, page, PAGE_SIZE, 0)) > 0)
        all += n;
    KEXPECT(all == 16 * 4095 + 16 - 10 - 4096 + 1, "%ld", all);
    file_put(r);
    kfree(page);
    return 0;
}

#define STREAM_BYTES 300000

static void stream_writer(void *arg) {
    struct file *w = arg;
    char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int done = 0; done < STREAM_BYTES; done += 25) {
        text[25] = '\0';
        if (put(w, text, 0) != 25)
            break;
    }
    file_put(w);
    thread_exit();
}

static int pipe_stream(void) {
    struct file *r, *w;
    char buf[100];
    ssize_t n, all = 0;
    KEXPECT(pipe_create(0, &r, &w) == 0, "");
    KEXPECT(kthread_start("pipe writer", stream_writer, w), "");
    while ((n = get(r, buf, sizeof(buf), 0)) > 0)
        for (ssize_t i = 0; i < n; i++, all++)
            KEXPECT(buf[i] == 'A' + all % 25, "byte %ld is %c", all, buf[i]);
    KEXPECT(n == 0 && all == STREAM_BYTES, "%ld %ld", n, all);
    file_put(r);
    return 0;
}

static int polling(void) {
    struct fdtable *t = fdtable_alloc();
    struct file *r, *w;
    KEXPECT(t && pipe_create(0, &r, &w) == 0, "");
    KEXPECT(fd_install(t, r, 0, false) == 0 && fd_install(t, w, 0, true) == 1, "");
    struct pollfd fds[] = {{.fd = 0, .events = POLLIN}, {.fd = 7, .events = POLLIN}, {.fd = -1}};
    KEXPECT(poll_files(t, fds, 2, 0) == 1 && fds[1].revents == POLLNVAL, "");
    fds[1].fd = -1;
    uint64_t start = ktime_ns();
    KEXPECT(poll_files(t, fds, 3, start + 20000000) == 0, "");
    KEXPECT(ktime_ns() - start >= 20000000, "");
    KEXPECT(put(w, "x", 0) == 1 && poll_files(t, fds, 3, UINT64_MAX) == 1, "");
    KEXPECT(fds[0].revents == POLLIN, "%#x", fds[0].revents);
    fds[0] = (struct pollfd){.fd = 1, .events = POLLOUT};
    KEXPECT(poll_files(t, fds, 1, 0) == 1 && fds[0].revents == POLLOUT, "");
    KEXPECT(fd_close(t, 0) == 0 && poll_files(t, fds, 1, 0) == 1 && fds[0].revents & POLLERR, "");
    fdtable_put(t);
    return 0;
}

static int descriptors(void) {
    struct fdtable *t = fdtable_alloc(), *copy;
    struct limits limits = {.r = {[RLIMIT_NOFILE] = {1024, 1024}, [RLIMIT_FSIZE] = {1, 1}}};
    struct file *f;
    current()->limits = &limits;
    KEXPECT(t && make("/f", "x") == 0 && open_file("/f", O_RDONLY, &f) == 0, "");
    for (int i = 0; i < 100; i++) {
        file_get(f);
        KEXPECT(fd_install(t, f, 0, i % 2) == i, "%d", i);
    }
    KEXPECT(fd_close(t, 3) == 0 && fd_close(t, 3) == -EBADF && fd_close(t, -1) == -EBADF, "");
    KEXPECT(fd_dup_to(t, 5, 1000, true) == 1000 && fd_get_cloexec(t, 1000) == 1, "");
    KEXPECT(fd_dup_to(t, 3, 4, false) == -EBADF && fd_dup_to(t, 5, 1024, false) == -EBADF, "");
    file_get(f);
    KEXPECT(fd_install(t, f, 0, false) == 3, "");
    limits.r[RLIMIT_NOFILE].rlim_cur = 100;
    KEXPECT(fd_install(t, f, 0, false) == -EMFILE, "");
    current()->limits = NULL;
    copy = fdtable_copy(t);
    KEXPECT(copy && ref_read(&f->ref) == 1 + 2 * 101, "%d", ref_read(&f->ref));
    fdtable_close_on_exec(copy);
    KEXPECT(ref_read(&f->ref) == 1 + 101 + 51, "%d", ref_read(&f->ref));
    fdtable_put(t);
    fdtable_put(copy);
    KEXPECT(ref_read(&f->ref) == 1, "");
    file_put(f);
    KEXPECT(vfs_unlink(ctx, NULL, "/f", false) == 0, "");
    return 0;
}

static int lock(struct inode *i, enum lock_kind kind, const void *owner, int type, uint64_t start,
                uint64_t end) {
    struct lock_request r = {kind, owner, 0, type, start, end};
    return lock_set(i, &r, false);
}

static int locks(void) {
    struct file *f;
    char a, b;
    KEXPECT(open_file("/f", O_RDWR | O_CREAT, &f) == 0, "");
    struct inode *i = f->inode;
    KEXPECT(lock(i, LOCK_RECORD, &a, F_WRLCK, 0, 99) == 0, "");
    KEXPECT(lock(i, LOCK_RECORD, &b, F_RDLCK, 99, 200) == -EAGAIN, "");
    KEXPECT(lock(i, LOCK_RECORD, &b, F_RDLCK, 100, 200) == 0, "");
    KEXPECT(lock(i, LOCK_RECORD, &a, F_UNLCK, 40, 59) == 0, ""); // two parts remain
    KEXPECT(lock(i, LOCK_RECORD, &b, F_WRLCK, 40, 59) == 0, "");
    KEXPECT(lock(i, LOCK_RECORD, &b, F_WRLCK, 39, 39) == -EAGAIN, "");
    KEXPECT(lock(i, LOCK_RECORD, &b, F_WRLCK, 60, 60) == -EAGAIN, "");
    KEXPECT(lock(i, LOCK_RECORD, &a, F_RDLCK, 0, 39) == 0, ""); // from writing to reading
    KEXPECT(lock(i, LOCK_RECORD, &b, F_RDLCK, 0, 10) == 0, "");
    KEXPECT(lock(i, LOCK_RECORD, &b, F_WRLCK, 0, 10) == -EAGAIN, "");
    struct lock_request r = {LOCK_RECORD, &b, 0, F_RDLCK, 0, 99};
    lock_test(i, &r);
    KEXPECT(r.type == F_WRLCK && r.start == 60 && r.end == 99 && r.owner == &a, "%lu", r.start);
    KEXPECT(lock(i, LOCK_WHOLE, f, F_WRLCK, 0, INT64_MAX) == 0, ""); // flock is apart
    KEXPECT(lock(i, LOCK_WHOLE, &a, F_RDLCK, 0, INT64_MAX) == -EAGAIN, "");
    lock_drop_owner(i, &a);
    KEXPECT(lock(i, LOCK_RECORD, &b, F_WRLCK, 0, 1000) == 0, "");
    lock_drop_owner(i, &b);
    file_put(f); // and with it its own
    KEXPECT(vfs_unlink(ctx, NULL, "/f", false) == 0, "");
    return 0;
}

// Two threads rename in opposite directions while we look names up.
static int racers;
static bool stop_racing;

static void race_renames(void *arg) {
    const char *a = arg ? "/r1/x" : "/r2/x", *b = arg ? "/r2/x" : "/r1/x";
    while (!READ_ONCE(stop_racing)) {
        int err = vfs_rename(ctx, NULL, a, NULL, b, 0);
        assertf(err == 0 || err == -ENOENT, "%d", err);
        sched_yield();
    }
    atomic_sub(&racers, 1);
    thread_exit();
}

static int race(void) {
    KEXPECT(vfs_mkdir(ctx, NULL, "/r1", 0755) == 0 && vfs_mkdir(ctx, NULL, "/r2", 0755) == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/r1/x", 0755) == 0 && make("/r1/x/f", "f") == 0, "");
    stop_racing = false;
    racers = 2;
    KEXPECT(kthread_start("rename 1", race_renames, NULL), "");
    KEXPECT(kthread_start("rename 2", race_renames, &racers), "");
    int seen = 0;
    for (int i = 0; i < 2000; i++) {
        seen += find("/r1/x/f") == 0;
        seen += find("/r2/x/f") == 0;
        sched_yield();
    }
    WRITE_ONCE(stop_racing, true);
    while (READ_ONCE(racers))
        sched_yield();
    KEXPECT(seen > 0, "");
    const char *x = find("/r1/x") == 0 ? "/r1/x" : "/r2/x";
    const char *f = x[2] == '1' ? "/r1/x/f" : "/r2/x/f";
    KEXPECT(vfs_unlink(ctx, NULL, f, false) == 0 && vfs_unlink(ctx, NULL, x, true) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/r1", true) == 0 && vfs_unlink(ctx, NULL, "/r2", true) == 0, "");
    return 0;
}

static int special_files(void) {
    struct file *f;
    char *buf = kzalloc(PAGE_SIZE, GFP_KERNEL);
    KEXPECT(buf && vfs_mkdir(ctx, NULL, "/dev", 0755) == 0, "");
    KEXPECT(vfs_mkdir(ctx, NULL, "/proc", 0755) == 0, "");
    KEXPECT(vfs_mount(ctx, "dev", "/dev", "devtmpfs", 0, NULL) == 0, "");
    KEXPECT(vfs_mount(ctx, "proc", "/proc", "proc", 0, NULL) == 0, "");
    KEXPECT(make("/dev/null", "gone") == 0 && holds("/dev/null", ""), "");
    KEXPECT(make("/dev/full", "gone") == -EIO, "");
    KEXPECT(open_file("/dev/zero", O_RDONLY, &f) == 0 && get(f, buf, 9, 0) == 9 && !buf[8], "");
    file_put(f);
    KEXPECT(open_file("/proc/meminfo", O_RDONLY, &f) == 0, "");
    KEXPECT(get(f, buf, 17, 0) == 17 && !memcmp(buf, "MemTotal:       ", 16), "%s", buf);
    file_put(f);
    KEXPECT(open_file("/proc/mounts", O_RDONLY, &f) == 0, "");
    ssize_t n = get(f, buf, PAGE_SIZE - 1, 0);
    KEXPECT(n > 0 && strstr(buf, "\nproc /proc proc rw 0 0\n"), "%s", buf);
    file_put(f);
    KEXPECT(find("/proc/sys/vm/drop_caches") == 0 && find("/proc/nonsense") == -ENOENT, "");
    KEXPECT(make("/proc/sys/vm/drop_caches", "3\n") == 0, "");
    KEXPECT(make("/proc/sys/vm/drop_caches", "x\n") == -EIO, "");
    KEXPECT(open_file("/proc/new", O_CREAT | O_WRONLY, &f) == -EPERM, "");
    KEXPECT(vfs_umount(ctx, "/proc", 0) == 0 && vfs_umount(ctx, "/dev", 0) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/dev", true) == 0, "");
    KEXPECT(vfs_unlink(ctx, NULL, "/proc", true) == 0, "");
    kfree(buf);
    return 0;
}

// Some of everything, with any of its allocations failing; whatever was made is removed.
static void some_of_everything(void) {
    struct file *f, *r, *w;
    struct path p;
    struct fdtable *t = fdtable_alloc(), *copy = t ? fdtable_copy(t) : NULL;
    (void)!vfs_mkdir(ctx, NULL, "/d", 0755);
    (void)!make("/d/a-name-that-does-not-fit-into-the-entry", "text");
    (void)!make("/d/f", "text");
    (void)!vfs_symlink(ctx, "d/f", NULL, "/l");
    (void)!make("/l", "more");
    (void)!vfs_rename(ctx, NULL, "/d/f", NULL, "/f", 0);
    if (path_lookup(ctx, NULL, "/f", 0, &p) == 0) {
        (void)!vfs_link(ctx, &p, NULL, "/h");
        path_put(&p);
    }
    if (vfs_mount(ctx, "none", "/d", "tmpfs", 0, "size=1m") == 0) {
        (void)!make("/d/inside", "text");
        (void)!vfs_umount(ctx, "/d", MNT_DETACH);
    }
    if (vfs_mount(ctx, "none", "/d", "devtmpfs", 0, NULL) == 0)
        (void)!vfs_umount(ctx, "/d", 0);
    if (vfs_mount(ctx, "none", "/d", "proc", 0, NULL) == 0) {
        holds("/d/meminfo", "");
        (void)!vfs_umount(ctx, "/d", 0);
    }
    if (pipe_create(O_NONBLOCK, &r, &w) == 0) {
        put(w, "text", 0);
        (void)!pipe_set_size(w, 1 << 20);
        file_put(r);
        file_put(w);
    }
    if (t && open_file("/f", O_RDWR, &f) == 0) {
        struct lock_request lr = {LOCK_RECORD, t, 0, F_WRLCK, 0, 9};
        (void)!lock_set(f->inode, &lr, false);
        if (fd_install(t, f, 900, false) < 0) {
            lock_closed(f->inode, t);
            file_put(f);
        }
    }
    fdtable_put(t);
    fdtable_put(copy);
}

static int remove_all(void) {
    static const char *const files[] = {"/d/a-name-that-does-not-fit-into-the-entry", "/d/f", "/f",
                                        "/l", "/h"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        int err = vfs_unlink(ctx, NULL, files[i], false);
        KEXPECT(err == 0 || err == -ENOENT, "%s %d", files[i], err);
    }
    int err = vfs_unlink(ctx, NULL, "/d", true);
    KEXPECT(err == 0 || err == -ENOENT, "%d", err);
    return 0;
}

static int out_of_memory(void) {
    for (uint64_t every = 1; every <= 40; every++) {
        failalloc_set(every);
        some_of_everything();
        failalloc_set(0);
        if (remove_all())
            return 1;
    }
    return 0;
}

// ---- the frame ----------------------------------------------------------------------------------

static int start(void) {
    ctx = fsctx_alloc();
    KEXPECT(ctx && mount_root("tmp", "tmpfs", false, ctx) == 0, "");
    ctx->umask = 022;
    return 0;
}

static void finish(void) {
    fsctx_put(ctx);
    ctx = NULL;
    while (dentry_shrink(1000) + inode_shrink(1000))
        ;
    slab_reap_all();
}

// slack: frames that may be missing afterwards, while threads end elsewhere.
static int twice(int (*scenario)(void), uint64_t slack) {
    uint64_t free[2];
    for (int i = 0; i < 2; i++) {
        if (!ctx && start())
            return 1;
        if (scenario())
            return 1;
        while (dentry_shrink(1000) + inode_shrink(1000))
            ;
        sleep_until(ktime_ns() + 2000000); // threads that have just ended leave their stacks
        mm_drain_all();
        free[i] = mem_free_pages();
    }
    KEXPECT(free[0] <= free[1] + slack, "%lu frames free, then %lu", free[0], free[1]);
    return 0;
}

#define CASE(fn) static int run_##fn(void) { return twice(fn, 0); }
#define CASE_THREADS(fn)                                                                           \
    static int run_##fn(void) { return twice(fn, 8 * (uint64_t)machine.cpu_count); }
CASE(names)
CASE(long_names)
CASE(data)
CASE(unlinked_but_open)
CASE(renames)
CASE(links)
CASE(permissions)
CASE(removed_cwd)
CASE(mounts)
CASE(lazy_umount)
CASE(cache_shrinks)
CASE(pipes)
CASE(pipe_atomicity)
CASE_THREADS(pipe_stream)
CASE(polling)
CASE(descriptors)
CASE(locks)
CASE(out_of_memory)
CASE_THREADS(race)
CASE(special_files)

static int run_end(void) {
    finish();
    return 0;
}

const struct ktest fs_tests[] = {
    {"fs: names and their errors", run_names},
    {"fs: long names", run_long_names},
    {"fs: data, holes, truncation, append", run_data},
    {"fs: a file without a name", run_unlinked_but_open},
    {"fs: rename", run_renames},
    {"fs: hard and symbolic links", run_links},
    {"fs: permissions", run_permissions},
    {"fs: a working directory that is gone", run_removed_cwd},
    {"fs: mount and umount", run_mounts},
    {"fs: lazy umount", run_lazy_umount},
    {"fs: the path cache shrinks", run_cache_shrinks},
    {"fs: pipe ends", run_pipes},
    {"fs: pipe atomicity", run_pipe_atomicity},
    {"fs: a stream through a pipe", run_pipe_stream},
    {"fs: poll", run_polling},
    {"fs: descriptors", run_descriptors},
    {"fs: record locks and flock", run_locks},
    {"fs: every allocation may fail", run_out_of_memory},
    {"fs: renames against lookups", run_race},
    {"fs: devfs and procfs", run_special_files},
    {"fs: end", run_end},
    {0},
};
