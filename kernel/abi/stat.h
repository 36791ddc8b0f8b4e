/* What stat, statx and statfs return: the generic 64-bit layouts. */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#include "abi/time.h"
#include <stddef.h>
#include <stdint.h>

/* type bits of a mode */
#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  0004000
#define S_ISGID  0002000
#define S_ISVTX  0001000

#define S_ISLNK(mode)  (((mode) & S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode) & S_IFMT) == S_IFREG)
#define S_ISDIR(mode)  (((mode) & S_IFMT) == S_IFDIR)
#define S_ISCHR(mode)  (((mode) & S_IFMT) == S_IFCHR)
#define S_ISBLK(mode)  (((mode) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(mode) (((mode) & S_IFMT) == S_IFSOCK)

#define S_IRWXU 00700
#define S_IRUSR 00400
#define S_IWUSR 00200
#define S_IXUSR 00100
#define S_IRWXG 00070
#define S_IRGRP 00040
#define S_IWGRP 00020
#define S_IXGRP 00010
#define S_IRWXO 00007
#define S_IROTH 00004
#define S_IWOTH 00002
#define S_IXOTH 00001

struct stat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint32_t st_mode;
    uint32_t st_nlink;
    uint32_t st_uid;
    uint32_t st_gid;
    uint64_t st_rdev;
    uint64_t st_pad1;
    int64_t st_size;
    int32_t st_blksize; /* best size for a read or write */
    int32_t st_pad2;
    int64_t st_blocks; /* in units of 512 bytes */
    struct timespec st_atim;
    struct timespec st_mtim;
    struct timespec st_ctim;
    uint32_t st_unused[2];
};
_Static_assert(sizeof(struct stat) == 128, "struct stat");
_Static_assert(offsetof(struct stat, st_size) == 48, "struct stat");
_Static_assert(offsetof(struct stat, st_atim) == 72, "struct stat");

/* statx: what to fill in, and what was */
#define STATX_TYPE        0x0001U
#define STATX_MODE        0x0002U
#define STATX_NLINK       0x0004U
#define STATX_UID         0x0008U
#define STATX_GID         0x0010U
#define STATX_ATIME       0x0020U
#define STATX_MTIME       0x0040U
#define STATX_CTIME       0x0080U
#define STATX_INO         0x0100U
#define STATX_SIZE        0x0200U
#define STATX_BLOCKS      0x0400U
#define STATX_BASIC_STATS 0x07ffU /* all above */
#define STATX_BTIME       0x0800U
#define STATX_MNT_ID      0x1000U
#define STATX_DIOALIGN    0x2000U
#define STATX_ALL         0x0fffU
#define STATX__RESERVED   0x80000000U

#define STATX_ATTR_COMPRESSED 0x0004
#define STATX_ATTR_IMMUTABLE  0x0010
#define STATX_ATTR_APPEND     0x0020
#define STATX_ATTR_NODUMP     0x0040
#define STATX_ATTR_MOUNT_ROOT 0x2000

#define AT_STATX_SYNC_AS_STAT 0x0000
#define AT_STATX_FORCE_SYNC   0x2000
#define AT_STATX_DONT_SYNC    0x4000

struct statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};

struct statx {
    uint32_t stx_mask; /* STATX_* that are filled in */
    uint32_t stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink;
    uint32_t stx_uid;
    uint32_t stx_gid;
    uint16_t stx_mode;
    uint16_t stx_pad1;
    uint64_t stx_ino;
    uint64_t stx_size;
    uint64_t stx_blocks;
    uint64_t stx_attributes_mask; /* bits of stx_attributes that mean something here */
    struct statx_timestamp stx_atime;
    struct statx_timestamp stx_btime;
    struct statx_timestamp stx_ctime;
    struct statx_timestamp stx_mtime;
    uint32_t stx_rdev_major;
    uint32_t stx_rdev_minor;
    uint32_t stx_dev_major;
    uint32_t stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align;
    uint32_t stx_dio_offset_align;
    uint64_t stx_spare[12];
};
_Static_assert(sizeof(struct statx) == 256, "struct statx");
_Static_assert(offsetof(struct statx, stx_atime) == 0x40, "struct statx");
_Static_assert(offsetof(struct statx, stx_mnt_id) == 0x90, "struct statx");

struct statfs {
    int64_t f_type;   /* one of the *_MAGIC numbers */
    int64_t f_bsize;  /* unit of the three counts below */
    int64_t f_blocks;
    int64_t f_bfree;
    int64_t f_bavail; /* free for ordinary users */
    int64_t f_files;
    int64_t f_ffree;
    struct {
        int32_t val[2];
    } f_fsid;
    int64_t f_namelen;
    int64_t f_frsize;
    int64_t f_flags; /* ST_* */
    int64_t f_spare[4];
};
_Static_assert(sizeof(struct statfs) == 120, "struct statfs");

#define EXT2_SUPER_MAGIC 0xEF53 /* also ext3 and ext4 */
#define TMPFS_MAGIC      0x01021994
#define PROC_SUPER_MAGIC 0x9fa0
#define SYSFS_MAGIC      0x62656572
#define DEVPTS_MAGIC     0x1cd1
#define PIPEFS_MAGIC     0x50495045
#define ANON_INODE_MAGIC 0x09041934

#define ST_RDONLY     0x0001
#define ST_NOSUID     0x0002
#define ST_NODEV      0x0004
#define ST_NOEXEC     0x0008
#define ST_SYNCHRONOUS 0x0010
#define ST_VALID      0x0020
#define ST_NOATIME    0x0400
#define ST_NODIRATIME 0x0800
#define ST_RELATIME   0x1000

/*
 * Device numbers: st_dev, st_rdev and mknodat carry 12 bits of major and 20 bits of minor number,
 * the low 8 bits of the minor number at the bottom.
 */
#define DEV_MAJOR(dev) ((uint32_t)(((dev) >> 8) & 0xfff))
#define DEV_MINOR(dev) ((uint32_t)(((dev) & 0xff) | (((dev) >> 12) & 0xfff00)))
#define DEV_MAKE(major, minor)                                                                     \
    (((uint64_t)(minor) & 0xff) | (((uint64_t)(major) & 0xfff) << 8) |                             \
     (((uint64_t)(minor) & 0xfff00) << 12))

#endif
