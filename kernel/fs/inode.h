// Inodes: files as a file system knows them, and the operations it supplies.
//
// An inode is cached while referenced and for as long as memory allows after that; the inode hash
// (super block, number) makes it unique. Its pages are in inode->mapping, whose `size` is the
// file's size.
//
// Lock key: [I] immutable  [inode] the mutex  [hash] the inode cache's lock  [a] atomic
#pragma once

#include "abi/stat.h"
#include "abi/time.h"
#include "lib/refcount.h"
#include "sched/mutex.h"
#include "vm/pagecache.h"

struct file;
struct file_ops;
struct inode_locks;
struct path;
struct pipe;
struct super;
struct textbuf;

enum inode_state {
    INODE_NEW,      // read_inode is filling it: others wait
    INODE_LIVE,
    INODE_BAD,      // read_inode failed: unhashed
    INODE_EVICTING, // the last user went: others wait, then read it anew
};

#define INODE_SEALABLE (1u << 31) // in seals: the file can have some

struct inode {
    struct refcount ref;      // 0: cached, unused. Leaves 0 only under [hash]
    enum inode_state state;   // [hash]
    struct super *super;      // [I]
    ino_t ino;                // [I]
    const struct inode_ops *ops; // [I] never NULL
    const struct file_ops *fops; // [I] operations of files opened on it; NULL: cannot be opened
    struct mutex lock;        // RANK_INODE, or RANK_INODE_DIR for a directory
    uint32_t mode;            // [inode] S_IF* | permission bits
    uint32_t uid, gid;        // [inode]
    uint32_t nlink;           // [inode] 0: freed at the last put
    dev_t rdev;               // [I] of device nodes
    bool dirty;               // [hash] metadata newer than the disk
    bool volatile_names;      // [I] a directory whose names come and go by themselves: not cached
    bool named;               // [cache] a directory that has its hashed dentry: there is no second
    uint64_t blocks;          // [inode] 512-byte units
    struct timespec atime, mtime, ctime; // [inode]
    struct mapping mapping;   // embedded: pinned by whoever pins the inode
    struct list hash_link, lru_link, dirty_link, super_link; // [hash]
    void *private;            // the file system's
    struct pipe *pipe;        // FIFOs and pipes: see pipe.c
    int writers;              // [a] files open for writing; negative: running programs from it
    uint32_t seals;           // [inode] F_SEAL_*, of a memfd: see memfd.c
    bool swapfile;            // [inode] swap writes to its blocks: nobody else may change it
    struct inode_locks *locks; // NULL: none yet; see lock.c
};

// A directory's, unless it says otherwise. Called with dir->lock held (rename: both), and with the
// locks of inode and victim, except for a directory that rename moves.
struct inode_ops {
    // The entry's inode, referenced, in *out. -ENOENT when there is none.
    int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **out);
    // A new entry: regular file, directory, device, FIFO, or (target != NULL) symbolic link.
    int (*create)(struct inode *dir, const char *name, size_t len, uint32_t mode, dev_t rdev,
                  const char *target, struct inode **out);
    int (*link)(struct inode *dir, const char *name, size_t len, struct inode *inode);
    // Removes an entry (an empty directory when dir_wanted). inode is what lookup found.
    int (*unlink)(struct inode *dir, const char *name, size_t len, struct inode *inode);
    int (*rename)(struct inode *dir, const char *name, size_t len, struct inode *inode,
                  struct inode *newdir, const char *newname, size_t newlen, struct inode *victim);
    // A symbolic link's text into buf (no end mark): its length or -errno.
    ssize_t (*readlink)(struct inode *link, char *buf, size_t size);
    // Any inode: frees or adds blocks for a new size (page_cache_truncate included).
    int (*truncate)(struct inode *inode, uint64_t size);
    // A hole in [off, end), or blocks for it: mode FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE.
    int (*fallocate)(struct inode *inode, int mode, uint64_t off, uint64_t end);
};

struct super_ops { // a mounted file system's
    int (*read_inode)(struct inode *inode);    // fills a new inode of known number
    int (*write_inode)(struct inode *inode);   // metadata to its buffers; NULL: nothing to do
    void (*evict_inode)(struct inode *inode);  // last use gone: nlink 0 frees blocks; frees private
    int (*sync)(struct super *s, bool wait);
    int (*statfs)(struct super *s, struct statfs *out); // f_flags and f_fsid are the VFS's
    void (*unmount)(struct super *s);          // all inodes are gone
    // A symbolic link that leads to a place rather than a name (/proc/<pid>/cwd): fills *out, held.
    // -EINVAL: an ordinary one, use readlink. NULL: all are ordinary.
    int (*follow_link)(struct inode *link, struct path *out);
    // From read-only to read-write or back: marks the disk as clean or in use. Or NULL.
    int (*remount)(struct super *s, uint32_t flags);
};

struct super {
    const struct super_ops *ops;
    const struct fs_type *type;
    struct blkdev *dev; // NULL: none
    dev_t devno;        // st_dev
    uint32_t flags;     // MS_*
    uint64_t max_size;  // [I] of a file: as the format allows
    struct inode *root;
    void *private;
    struct refcount ref;
    struct list link;          // [mount] all supers
    struct list inodes, dirty; // [hash] in the cache; of these, dirty ones
    bool drop_inodes;          // [I] an unused inode is evicted at once (procfs)
    bool keep_inodes;          // [I] unused inodes stay as long as they have a name (tmpfs)
};

// The inode, referenced: from the cache, else made and filled by read_inode. 0 or -errno.
int __must_check inode_get(struct super *s, ino_t ino, struct inode **out);
// A new inode with the number given, referenced and hashed, for create. nlink is 1, times are now.
// -ENOMEM, or -EEXIST: a file in use has that number (the disk is damaged).
int __must_check inode_new(struct super *s, ino_t ino, uint32_t mode, struct inode **out);
static inline void inode_hold(struct inode *i) { ref_get(&i->ref); }
void inode_put(struct inode *i); // may sleep when it is the last and the file was removed
void inode_mark_dirty(struct inode *i);
void inode_touch(struct inode *i, int which); // INODE_ATIME | ...: now, and marks it dirty
#define INODE_ATIME 1
#define INODE_MTIME 2
#define INODE_CTIME 4
struct timespec realtime_now(void);
int inode_sync(struct inode *i, bool wait); // metadata (super's write_inode) after the pages
// Every dirty inode of s: pages, then metadata. The first error.
int inode_sync_super(struct super *s, bool wait);
// Is a file of s open for writing, or will one be freed when it is closed?
bool inode_super_written(struct super *s);
// Unmount: evicts every inode of s; all are unreferenced and clean. -EBUSY when one is in use.
int __must_check inode_evict_super(struct super *s);
void inode_fill_stat(struct inode *i, struct stat *st);
static inline uint64_t inode_size(const struct inode *i) {
    return atomic_load_relaxed(&i->mapping.size);
}
static inline bool inode_is_dir(const struct inode *i) { return (i->mode & S_IFMT) == S_IFDIR; }
// Device, FIFO, socket inodes get these from the VFS whatever the file system.
void inode_init_special(struct inode *i);
uint64_t inode_shrink(uint64_t wanted); // frees unused cached inodes
void inode_cache_init(void);            // and starts the thread that writes dirty inodes
