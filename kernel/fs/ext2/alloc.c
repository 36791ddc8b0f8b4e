// Finding and freeing blocks and inodes: bitmaps and counts of the block groups.
//
//   group g:  block bitmap   1 bit a block: set = used
//             inode bitmap   1 bit an inode
//             counts in the descriptor; sums in the super block
//
// Policy. A block goes as near behind `goal` as possible: the goal's group from the goal on, then
// the following groups. A directory's inode goes into the group with most free blocks among those
// with at least the average of free inodes (they spread); a file's goes into its directory's group
// (files of a directory stay together), else the next group with room.
//
// Invariant: a bit is set before anybody points to the block, and cleared after nobody does; counts
// change in the same critical section as their bits. Locks: alloc_lock throughout.
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"
#include "lib/bitmap.h"

struct ext2_disk_group *ext2_group(struct ext2_sb *sb, uint32_t group, struct buffer **buf) {
    assertf(group < sb->groups, "group %u of %u", group, sb->groups);
    uint32_t per_block = sb->block_size / sizeof(struct ext2_disk_group);
    struct buffer *b = &sb->group_buf[group / per_block];
    if (buf)
        *buf = b;
    return (struct ext2_disk_group *)b->data + group % per_block;
}

static uint32_t group_start(const struct ext2_sb *sb, uint32_t group) {
    return sb->first_data_block + group * sb->blocks_per_group;
}

static uint32_t group_blocks(const struct ext2_sb *sb, uint32_t group) {
    return min(sb->blocks_per_group, sb->blocks_count - group_start(sb, group));
}

bool ext2_block_valid(const struct ext2_sb *sb, uint32_t block) {
    return block > sb->first_data_block && block < sb->blocks_count;
}

// Takes the first clear bit of the bitmap block at or after `from`. The bit, or -ENOSPC, -EIO.
static int64_t bitmap_take(struct ext2_sb *sb, uint32_t bitmap_block, uint32_t bits,
                           uint32_t from) {
    struct buffer b;
    int err = buffer_read(sb->dev, bitmap_block, sb->block_size, &b);
    if (err)
        return err;
    size_t bit = bitmap_find_clear(b.data, bits, from);
    if (bit >= bits) {
        buffer_put(&b);
        return -ENOSPC;
    }
    bit_set(b.data, bit);
    buffer_dirty(&b);
    buffer_put(&b);
    return (int64_t)bit;
}

// Clears a bit; false when it was clear already or the bitmap could not be read.
static bool bitmap_give(struct ext2_sb *sb, uint32_t bitmap_block, uint32_t bit) {
    struct buffer b;
    if (buffer_read(sb->dev, bitmap_block, sb->block_size, &b))
        return false;
    bool was = bit_test(b.data, bit);
    if (was) {
        bit_clear(b.data, bit);
        buffer_dirty(&b);
    }
    buffer_put(&b);
    return was;
}

static int take_block_in(struct ext2_sb *sb, uint32_t group, uint32_t from, uint32_t *out) {
    struct buffer *gbuf;
    struct ext2_disk_group *g = ext2_group(sb, group, &gbuf);
    if (g->bg_free_blocks_count == 0)
        return -ENOSPC;
    int64_t bit = bitmap_take(sb, g->bg_block_bitmap, group_blocks(sb, group), from);
    if (bit < 0)
        return (int)bit;
    g->bg_free_blocks_count--;
    buffer_dirty(gbuf);
    sb->disk->s_free_blocks_count--;
    buffer_dirty(&sb->super_buf);
    *out = group_start(sb, group) + (uint32_t)bit;
    return 0;
}

int ext2_alloc_block(struct ext2_sb *sb, uint32_t goal, uint32_t *out) {
    if (!ext2_block_valid(sb, goal))
        goal = sb->first_data_block;
    uint32_t first = (goal - sb->first_data_block) / sb->blocks_per_group;
    uint32_t offset = (goal - sb->first_data_block) % sb->blocks_per_group;
    mutex_lock(&sb->alloc_lock);
    int err = sb->disk->s_free_blocks_count ? take_block_in(sb, first, offset, out) : -ENOSPC;
    // The goal's own group comes last once more, for the blocks before the goal.
    for (uint32_t i = 1; err == -ENOSPC && i <= sb->groups && sb->disk->s_free_blocks_count; i++)
        err = take_block_in(sb, (first + i) % sb->groups, 0, out);
    mutex_unlock(&sb->alloc_lock);
    if (!err && !ext2_block_valid(sb, *out))
        err = ext2_error(sb, "block bitmap gave block %u", *out);
    return err;
}

void ext2_free_block(struct ext2_sb *sb, uint32_t block) {
    if (!ext2_block_valid(sb, block)) {
        ext2_error(sb, "freeing block %u outside the disk", block);
        return;
    }
    buffer_forget(sb->dev, block, sb->block_size);
    uint32_t group = (block - sb->first_data_block) / sb->blocks_per_group;
    uint32_t bit = (block - sb->first_data_block) % sb->blocks_per_group;
    struct buffer *gbuf;
    mutex_lock(&sb->alloc_lock);
    struct ext2_disk_group *g = ext2_group(sb, group, &gbuf);
    bool was = bitmap_give(sb, g->bg_block_bitmap, bit);
    if (was) {
        g->bg_free_blocks_count++;
        buffer_dirty(gbuf);
        sb->disk->s_free_blocks_count++;
        buffer_dirty(&sb->super_buf);
    }
    mutex_unlock(&sb->alloc_lock);
    if (!was)
        ext2_error(sb, "freeing block %u that is free", block);
}

uint64_t ext2_count_free_blocks(struct ext2_sb *sb) {
    mutex_lock(&sb->alloc_lock);
    uint64_t n = 0;
    for (uint32_t g = 0; g < sb->groups; g++)
        n += ext2_group(sb, g, NULL)->bg_free_blocks_count;
    mutex_unlock(&sb->alloc_lock);
    return n;
}

static int take_inode_in(struct ext2_sb *sb, uint32_t group, bool dir, uint32_t *ino) {
    struct buffer *gbuf;
    struct ext2_disk_group *g = ext2_group(sb, group, &gbuf);
    if (g->bg_free_inodes_count == 0)
        return -ENOSPC;
    uint32_t from = group == 0 ? sb->first_ino - 1 : 0; // the reserved ones are never given out
    int64_t bit = bitmap_take(sb, g->bg_inode_bitmap, sb->inodes_per_group, from);
    if (bit < 0)
        return (int)bit;
    g->bg_free_inodes_count--;
    g->bg_used_dirs_count += dir;
    buffer_dirty(gbuf);
    sb->disk->s_free_inodes_count--;
    buffer_dirty(&sb->super_buf);
    *ino = group * sb->inodes_per_group + (uint32_t)bit + 1;
    return 0;
}

// The group where a new directory starts.
static uint32_t directory_group(struct ext2_sb *sb) {
    uint32_t average = sb->disk->s_free_inodes_count / sb->groups;
    uint32_t best = 0, best_free = 0;
    for (uint32_t i = 0; i < sb->groups; i++) {
        struct ext2_disk_group *g = ext2_group(sb, i, NULL);
        if (g->bg_free_inodes_count >= average && g->bg_free_blocks_count > best_free) {
            best = i;
            best_free = g->bg_free_blocks_count;
        }
    }
    return best;
}

int ext2_alloc_inode(struct ext2_sb *sb, uint32_t parent_group, bool dir, uint32_t *ino) {
    mutex_lock(&sb->alloc_lock);
    uint32_t first = dir ? directory_group(sb) : parent_group;
    int err = -ENOSPC;
    for (uint32_t i = 0; err == -ENOSPC && i < sb->groups; i++)
        err = take_inode_in(sb, (first + i) % sb->groups, dir, ino);
    mutex_unlock(&sb->alloc_lock);
    return err;
}

void ext2_free_inode(struct ext2_sb *sb, uint32_t ino, bool dir) {
    uint32_t group = (ino - 1) / sb->inodes_per_group;
    struct buffer *gbuf;
    mutex_lock(&sb->alloc_lock);
    struct ext2_disk_group *g = ext2_group(sb, group, &gbuf);
    bool was = bitmap_give(sb, g->bg_inode_bitmap, (ino - 1) % sb->inodes_per_group);
    if (was) {
        g->bg_free_inodes_count++;
        g->bg_used_dirs_count -= dir;
        buffer_dirty(gbuf);
        sb->disk->s_free_inodes_count++;
        buffer_dirty(&sb->super_buf);
    }
    mutex_unlock(&sb->alloc_lock);
    if (!was)
        ext2_error(sb, "freeing inode %u that is free", ino);
}
