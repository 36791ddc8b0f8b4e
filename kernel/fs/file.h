// Open files: what a descriptor refers to. Shared by dup and fork.
#pragma once

#include "abi/fcntl.h"
#include "fs/path.h"
#include "lib/refcount.h"
#include "sched/mutex.h"
#include "vm/pagecache.h"
#include "vm/uaccess.h"

struct waitq;
struct dir_sink;
struct poll_table; // fs/poll.h

struct file_ops { // by kind of file; a missing member gives the call's usual error
    ssize_t (*read)(struct file *f, struct uio *u, off_t *pos);
    ssize_t (*write)(struct file *f, struct uio *u, off_t *pos);
    off_t (*seek)(struct file *f, off_t off, int whence);  // NULL: -ESPIPE
    uint32_t (*poll)(struct file *f, struct poll_table *pt); // ready bits; NULL: always ready
    long (*ioctl)(struct file *f, uint32_t cmd, uint64_t arg); // -ENOTTY
    int (*readdir)(struct file *f, struct dir_sink *sink);   // from f->pos on
    int (*open)(struct inode *i, struct file *f);  // devices and pipes: set private; or NULL
    void (*release)(struct file *f);               // the last reference went
};

struct file {
    struct refcount ref;
    uint32_t flags;         // [a] O_*
    const struct file_ops *ops; // [I]
    struct path path;       // [I] mount and dentry, held (pipes: empty)
    struct inode *inode;    // [I] held
    struct mutex pos_lock;  // RANK_FILEPOS: guards pos for regular files and directories
    off_t pos;              // [pos_lock]
    struct readahead ra;    // [pos_lock]
    void *private;
    int claim;              // [own] what it added to inode->writers: 1, -1 or 0
};

// Counts f as a writer of its inode (by 1), or as a program that runs from it (by -1), until it is
// released. 0, or -ETXTBSY: the inode has claims of the other kind.
int __must_check file_claim(struct file *f, int by);
struct file *__must_check file_alloc(void); // NULL: out of memory
static inline void file_get(struct file *f) { ref_get(&f->ref); }
void file_release(struct file *f); // not for callers: file_put()
static inline void file_put(struct file *f) {
    if (ref_put(&f->ref))
        file_release(f);
}
static inline bool file_readable(const struct file *f) {
    return !(f->flags & O_PATH) && (f->flags & O_ACCMODE) != O_WRONLY;
}
static inline bool file_writable(const struct file *f) {
    return !(f->flags & O_PATH) && (f->flags & O_ACCMODE) != O_RDONLY;
}
// Opens what path names, as open(2): flags O_*, mode for O_CREAT (umask not yet applied). 0 or
// -errno. start NULL: the cwd.
struct fsctx;
int __must_check file_open(struct fsctx *ctx, const struct path *start, const char *name, int flags,
                           uint32_t mode, struct file **out);
// Opens a known place (checks permission); p is not used up.
int __must_check file_open_path(struct fsctx *ctx, const struct path *p, int flags,
                                struct file **out);
// Wraps an inode (anonymous: pipes, sockets). Takes over the inode's reference on success.
struct file *__must_check file_from_inode(struct inode *i, const struct file_ops *ops, int flags);
// Transfers in the kernel (exec, core): at an explicit position.
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, off_t pos);
// read(2) and write(2) and their like: bytes moved or -errno; *pos moves. The caller holds pos_lock
// when pos is f->pos and others may use it.
ssize_t file_read(struct file *f, struct uio *u, off_t *pos);
ssize_t file_write(struct file *f, struct uio *u, off_t *pos);
off_t file_seek(struct file *f, off_t off, int whence); // pos_lock held
int file_fsync(struct file *f, bool data_only);
int file_syncfs(struct file *f); // everything of its file system, to the disk
// What mmap maps: NULL when the file cannot be mapped (-ENODEV).
struct mapping *file_mapping(struct file *f);
// mapping_ops.hold and release of every file system: the opaque file is a struct file.
void file_mapping_hold(void *file);
void file_mapping_release(void *file);
// Operations for regular files on the page cache; file systems point to them.
extern const struct file_ops regular_file_ops;
// lseek(2) of a directory whose positions are plain numbers: SEEK_SET and SEEK_CUR.
off_t directory_seek(struct file *f, off_t off, int whence);
void file_init(void);

// readdir: calls emit for each entry until it answers false (buffer full).
struct dir_sink {
    bool (*emit)(struct dir_sink *s, const char *name, size_t len, ino_t ino, uint8_t dtype,
                 off_t next_pos);
};
