// ext2 inside: the on-disk structures (little endian, as this machine) and what the files of this
// folder share.
//
//   block 0 | boot | super block at byte 1024 | group descriptors | group 0: bitmaps, inodes, data
//   | ...
//
// Locks, in order: inode->lock (names, size) < page lock of a file's page < info->map_lock (the
// block map) < sb->alloc_lock (bitmaps, descriptors, counts) < page lock of a metadata page.
#pragma once

#include "dev/blk.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "vm/buffer.h"

#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INO 2
#define EXT2_NDIR 12
#define EXT2_NADDR 15
#define EXT2_NAME_MAX 255
#define EXT2_LINK_MAX 32000

#define EXT2_STATE_CLEAN 1
#define EXT2_STATE_ERRORS 2

#define EXT2_COMPAT_HAS_JOURNAL 0x4
#define EXT2_INCOMPAT_FILETYPE 0x2
#define EXT2_ROCOMPAT_SPARSE_SUPER 0x1
#define EXT2_ROCOMPAT_LARGE_FILE 0x2

#define EXT2_FLAG_SYNC 0x8
#define EXT2_FLAG_IMMUTABLE 0x10
#define EXT2_FLAG_APPEND 0x20
#define EXT2_FLAG_INDEX 0x1000 // hashed directory: we edit it linearly and clear this

struct ext2_disk_super {
    uint32_t s_inodes_count, s_blocks_count, s_r_blocks_count, s_free_blocks_count;
    uint32_t s_free_inodes_count, s_first_data_block, s_log_block_size, s_log_frag_size;
    uint32_t s_blocks_per_group, s_frags_per_group, s_inodes_per_group, s_mtime;
    uint32_t s_wtime;
    uint16_t s_mnt_count, s_max_mnt_count, s_magic, s_state, s_errors, s_minor_rev_level;
    uint32_t s_lastcheck, s_checkinterval, s_creator_os, s_rev_level;
    uint16_t s_def_resuid, s_def_resgid;
    uint32_t s_first_ino;
    uint16_t s_inode_size, s_block_group_nr;
    uint32_t s_feature_compat, s_feature_incompat, s_feature_ro_compat;
    uint8_t s_uuid[16];
    char s_volume_name[16], s_last_mounted[64];
    uint32_t s_algo_bitmap;
    uint8_t s_prealloc_blocks, s_prealloc_dir_blocks;
    uint16_t s_reserved_gdt_blocks;
    uint8_t s_journal_uuid[16];
    uint32_t s_journal_inum, s_journal_dev, s_last_orphan;
    uint32_t s_hash_seed[4];
    uint8_t s_pad[772];
};
_Static_assert(sizeof(struct ext2_disk_super) == 1024, "super block");
_Static_assert(offsetof(struct ext2_disk_super, s_feature_incompat) == 96, "super block");

struct ext2_disk_group {
    uint32_t bg_block_bitmap, bg_inode_bitmap, bg_inode_table;
    uint16_t bg_free_blocks_count, bg_free_inodes_count, bg_used_dirs_count, bg_flags;
    uint32_t bg_reserved[3];
};
_Static_assert(sizeof(struct ext2_disk_group) == 32, "group descriptor");

struct ext2_disk_inode {
    uint16_t i_mode, i_uid;
    uint32_t i_size, i_atime, i_ctime, i_mtime, i_dtime;
    uint16_t i_gid, i_links_count;
    uint32_t i_blocks, i_flags, i_osd1;
    uint32_t i_block[EXT2_NADDR];
    uint32_t i_generation, i_file_acl, i_size_high, i_faddr;
    uint8_t i_frag, i_fsize;
    uint16_t i_pad1, i_uid_high, i_gid_high;
    uint32_t i_reserved2;
};
_Static_assert(sizeof(struct ext2_disk_inode) == 128, "inode");

struct ext2_dirent {
    uint32_t inode; // 0: unused
    uint16_t rec_len;
    uint8_t name_len, file_type;
    char name[];
};

struct ext2_sb {
    struct super *super;
    struct blkdev *dev;
    uint32_t block_size, blocks_count, inodes_count; // [I]
    uint32_t blocks_per_group, inodes_per_group, groups, first_data_block, first_ino; // [I]
    uint32_t inode_size, addrs_per_block; // [I]
    bool filetype;                        // [I] directory entries carry the type
    struct mutex alloc_lock;              // RANK_FS
    struct buffer super_buf;              // [alloc] pinned
    struct ext2_disk_super *disk;         // [alloc] in super_buf
    struct buffer *group_buf;             // [I] pinned descriptor blocks; contents [alloc]
    uint32_t group_bufs;
    uint64_t last_error;                  // [a] hash of the last message: not said twice in a row
};

struct ext2_info { // inode->private
    struct mutex map_lock;        // RANK_MAPPING
    uint32_t block[EXT2_NADDR];   // [map] or a short symbolic link's text [I]
    uint32_t flags, generation, file_acl; // [inode]
    uint32_t group;               // [I] of the inode
    uint32_t goal;                // [map] the block after the last one allocated; 0: none
};

static inline struct ext2_sb *ext2_sb(const struct super *s) { return s->private; }
static inline struct ext2_info *ext2_info(const struct inode *i) { return i->private; }

// alloc.c: blocks and inodes. Each takes alloc_lock.
struct ext2_disk_group *ext2_group(struct ext2_sb *sb, uint32_t group, struct buffer **buf);
// A free block near goal, marked used. 0 or -ENOSPC, -EIO.
int __must_check ext2_alloc_block(struct ext2_sb *sb, uint32_t goal, uint32_t *out);
void ext2_free_block(struct ext2_sb *sb, uint32_t block);
bool ext2_block_valid(const struct ext2_sb *sb, uint32_t block);
int __must_check ext2_alloc_inode(struct ext2_sb *sb, uint32_t parent_group, bool dir,
                                  uint32_t *ino);
void ext2_free_inode(struct ext2_sb *sb, uint32_t ino, bool dir);
uint64_t ext2_count_free_blocks(struct ext2_sb *sb);

// map.c: from block numbers of a file to blocks of the disk.
// *out = 0 for a hole (unless create). *run (may be NULL): how many blocks from lblk on lie in a
// row on the disk (or are holes), at most `max`.
int __must_check ext2_map_block(struct inode *inode, uint64_t lblk, bool create, uint32_t *out,
                                uint32_t max, uint32_t *run);
// Frees the blocks [from, to) of the file, and address blocks that are empty then. No page of them
// is in the cache, or being written.
void ext2_free_blocks(struct inode *inode, uint64_t from, uint64_t to);
// Makes a hole of pages [first, past): blocks and cached pages go. Inode lock held. 0 or -errno
// (some are gone).
int __must_check ext2_punch(struct inode *inode, uint64_t first, uint64_t past);
uint64_t ext2_max_size(const struct ext2_sb *sb);

// data.c
extern const struct mapping_ops ext2_mapping_ops;
int ext2_truncate(struct inode *inode, uint64_t size);
int ext2_fallocate(struct inode *inode, int mode, uint64_t off, uint64_t end);

// inode.c
// 0, -EEXIST when the disk's inode is a file (then the bitmap is damaged), -EIO, -ENOMEM.
int __must_check ext2_inode_is_free(struct ext2_sb *sb, uint32_t ino);
int ext2_read_inode(struct inode *inode);
int ext2_write_inode(struct inode *inode);
void ext2_evict_inode(struct inode *inode);

// dir.c: entries. The directory's lock is held.
int ext2_dir_find(struct inode *dir, const char *name, size_t len, uint32_t *ino);
int ext2_dir_add(struct inode *dir, const char *name, size_t len, struct inode *inode);
int ext2_dir_remove(struct inode *dir, const char *name, size_t len);
// Points an existing entry at another inode (rename over, ".." of a moved directory).
int ext2_dir_set(struct inode *dir, const char *name, size_t len, struct inode *inode);
int ext2_dir_init(struct inode *dir, struct inode *parent); // "." and ".."
int ext2_dir_is_empty(struct inode *dir);                    // 0, -ENOTEMPTY, -EIO
extern const struct file_ops ext2_dir_file_ops;

// namei.c
extern const struct inode_ops ext2_dir_ops, ext2_file_ops, ext2_symlink_ops;

// Logs a damaged structure in words (once, while it is the same) and marks the file system as
// having errors. Returns -EIO.
int ext2_error(struct ext2_sb *sb, const char *fmt, ...) __printf(2, 3);
