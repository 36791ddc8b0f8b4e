// The block map: from a file's block number to the disk's.
//
//   i_block[0..11]  direct
//   i_block[12]     -> block of addresses -> data                       (single indirect)
//   i_block[13]     -> block of addresses -> block of addresses -> data (double)
//   i_block[14]     -> ... one level more                               (triple)
//
// A block number is turned into a path of at most four indices: the first into i_block, the others
// into address blocks. Address 0 is a hole.
//
// Invariant: an address block is written (zeroed or with the new entry) in the cache before the
// entry that points to it. Locks: map_lock, taken here; it is below the page lock, because a page's
// read and write need the map.
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"

struct block_path {
    int depth;          // 1 .. 4
    uint32_t index[4];
};

// -EFBIG when lblk is beyond what three levels can address.
static int block_path(const struct ext2_sb *sb, uint64_t lblk, struct block_path *p) {
    uint64_t n = sb->addrs_per_block;
    if (lblk < EXT2_NDIR) {
        *p = (struct block_path){1, {(uint32_t)lblk}};
        return 0;
    }
    lblk -= EXT2_NDIR;
    if (lblk < n) {
        *p = (struct block_path){2, {EXT2_NDIR, (uint32_t)lblk}};
        return 0;
    }
    lblk -= n;
    if (lblk < n * n) {
        *p = (struct block_path){3, {EXT2_NDIR + 1, (uint32_t)(lblk / n), (uint32_t)(lblk % n)}};
        return 0;
    }
    lblk -= n * n;
    if (lblk < n * n * n) {
        *p = (struct block_path){4, {EXT2_NDIR + 2, (uint32_t)(lblk / n / n),
                                     (uint32_t)(lblk / n % n), (uint32_t)(lblk % n)}};
        return 0;
    }
    return -EFBIG;
}

uint64_t ext2_max_size(const struct ext2_sb *sb) {
    uint64_t n = sb->addrs_per_block;
    uint64_t blocks = EXT2_NDIR + n + n * n + n * n * n;
    uint64_t sectors_limit = (1UL << 32) / (sb->block_size / 512); // i_blocks is 32 bits wide
    return min(blocks, sectors_limit - sectors_limit / n - 2) * sb->block_size;
}

// Allocates a block for *slot (in the inode or in `holder`); `zeroed` for an address block.
static int fill_slot(struct inode *inode, uint32_t *slot, struct buffer *holder, bool zeroed) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct ext2_info *info = ext2_info(inode);
    uint32_t goal = info->goal;
    if (!goal)
        goal = sb->first_data_block + info->group * sb->blocks_per_group;
    uint32_t block;
    int err = ext2_alloc_block(sb, goal, &block);
    if (err)
        return err;
    if (zeroed) {
        struct buffer b;
        err = buffer_new(sb->dev, block, sb->block_size, &b);
        if (err) {
            ext2_free_block(sb, block);
            return err;
        }
        buffer_put(&b);
    }
    *slot = block;
    info->goal = block + 1;
    inode->blocks += sb->block_size / 512;
    if (holder)
        buffer_dirty(holder);
    inode_mark_dirty(inode);
    return 0;
}

// How many slots from slot[0] on continue it: consecutive blocks, or holes.
static uint32_t run_length(const uint32_t *slot, uint32_t room, uint32_t max) {
    uint32_t n = 1;
    while (n < room && n < max && slot[n] == (slot[0] ? slot[0] + n : 0))
        n++;
    return n;
}

static int map_locked(struct inode *inode, const struct block_path *p, bool create, uint32_t *out,
                      uint32_t max, uint32_t *run) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct buffer holder = {0};
    uint32_t *table = ext2_info(inode)->block;
    uint32_t room = p->depth == 1 ? EXT2_NDIR : 0;
    int err = 0;
    for (int level = 0;; level++) {
        bool last = level == p->depth - 1;
        uint32_t *slot = table + p->index[level];
        if (!*slot && create)
            err = fill_slot(inode, slot, holder.page ? &holder : NULL, !last);
        if (!err && *slot && !ext2_block_valid(sb, *slot))
            err = ext2_error(sb, "inode %lu points to block %u", inode->ino, *slot);
        if (err || last || !*slot) {
            *out = err ? 0 : *slot;
            if (run) // a missing address block: the hole lasts at least to the next boundary asked
                *run = last && !err ? run_length(slot, room - p->index[level], max) : 1;
            break;
        }
        struct buffer next;
        err = buffer_read(sb->dev, *slot, sb->block_size, &next);
        if (holder.page)
            buffer_put(&holder);
        if (err)
            return err;
        holder = next;
        table = holder.data;
        room = sb->addrs_per_block;
    }
    if (holder.page)
        buffer_put(&holder);
    return err;
}

int ext2_map_block(struct inode *inode, uint64_t lblk, bool create, uint32_t *out, uint32_t max,
                   uint32_t *run) {
    struct block_path p;
    int err = block_path(ext2_sb(inode->super), lblk, &p);
    if (err)
        return err;
    struct ext2_info *info = ext2_info(inode);
    mutex_lock(&info->map_lock);
    err = map_locked(inode, &p, create, out, max, run);
    mutex_unlock(&info->map_lock);
    return err;
}

// Frees what hangs below *slot from file block `from` on (relative to the first block that *slot
// covers; span: file blocks that it covers). Frees *slot itself when nothing is left before `from`.
// Depth at most 3, so the recursion is bounded.
static void free_tree(struct inode *inode, uint32_t *slot, int depth, uint64_t from) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    if (!*slot)
        return;
    if (depth > 0) {
        uint64_t span = 1;
        for (int i = 1; i < depth; i++)
            span *= sb->addrs_per_block;
        struct buffer b;
        if (buffer_read(sb->dev, *slot, sb->block_size, &b))
            return; // unreadable: its blocks stay marked used, e2fsck finds them
        uint32_t *table = b.data;
        for (uint64_t i = from / span; i < sb->addrs_per_block; i++)
            free_tree(inode, &table[i], depth - 1, i == from / span ? from % span : 0);
        if (from > 0)
            buffer_dirty(&b);
        buffer_put(&b);
    }
    if (from > 0)
        return;
    ext2_free_block(sb, *slot);
    *slot = 0;
    inode->blocks -= min(inode->blocks, (uint64_t)sb->block_size / 512);
}

void ext2_free_blocks_from(struct inode *inode, uint64_t lblk) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct ext2_info *info = ext2_info(inode);
    mutex_lock(&info->map_lock);
    for (uint64_t i = lblk; i < EXT2_NDIR; i++)
        free_tree(inode, &info->block[i], 0, 0);
    uint64_t first = EXT2_NDIR, span = sb->addrs_per_block;
    for (int depth = 1; depth <= 3; depth++, span *= sb->addrs_per_block) {
        if (lblk < first + span)
            free_tree(inode, &info->block[EXT2_NDIR + depth - 1], depth,
                      lblk > first ? lblk - first : 0);
        first += span;
    }
    info->goal = 0;
    mutex_unlock(&info->map_lock);
    inode_mark_dirty(inode);
}
