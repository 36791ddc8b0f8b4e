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
#include "sched/sched.h"

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

// How far the hole goes whose address block is missing at this level of the path.
static uint32_t hole_length(const struct ext2_sb *sb, const struct block_path *p, int level,
                            uint32_t max) {
    uint64_t covered = 1, off = 0;
    for (int i = level + 1; i < p->depth; i++) {
        covered *= sb->addrs_per_block;
        off = off * sb->addrs_per_block + p->index[i];
    }
    return (uint32_t)min(covered - off, (uint64_t)max);
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
            if (run)
                *run = err ? 1 : last ? run_length(slot, room - p->index[level], max)
                                      : hole_length(sb, p, level, max);
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

static bool is_empty(const uint32_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (table[i])
            return false;
    return true;
}

// Frees the file's blocks [from, to) below *slot, counted from the first that *slot covers, and
// *slot itself when nothing is left there. Depth at most 3, so the recursion is bounded.
static void free_tree(struct inode *inode, uint32_t *slot, int depth, uint64_t from, uint64_t to) {
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
        for (uint64_t i = from / span, at = i * span; i < sb->addrs_per_block && at < to;
             i++, at += span)
            free_tree(inode, &table[i], depth - 1, from > at ? from - at : 0, min(to - at, span));
        bool empty = is_empty(table, sb->addrs_per_block);
        if (!empty)
            buffer_dirty(&b);
        buffer_put(&b);
        if (!empty)
            return;
    }
    ext2_free_block(sb, *slot);
    *slot = 0;
    inode->blocks -= min(inode->blocks, (uint64_t)sb->block_size / 512);
}

void ext2_free_blocks(struct inode *inode, uint64_t from, uint64_t to) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct ext2_info *info = ext2_info(inode);
    assertf(from <= to, "blocks %lu to %lu", from, to);
    mutex_lock(&info->map_lock);
    for (uint64_t i = from; i < min(to, (uint64_t)EXT2_NDIR); i++)
        free_tree(inode, &info->block[i], 0, 0, 1);
    uint64_t first = EXT2_NDIR, span = sb->addrs_per_block;
    for (int depth = 1; depth <= 3; depth++, span *= sb->addrs_per_block) {
        if (from < first + span && to > first)
            free_tree(inode, &info->block[EXT2_NDIR + depth - 1], depth,
                      from > first ? from - first : 0, min(to - first, span));
        first += span;
    }
    info->goal = 0;
    mutex_unlock(&info->map_lock);
    inode_mark_dirty(inode);
}

// The first block at or behind lblk, below end, that is no hole; end: there is none.
static int next_mapped(struct inode *inode, uint64_t lblk, uint64_t end, uint64_t *out) {
    while (lblk < end) {
        uint32_t block, run;
        int err = ext2_map_block(inode, lblk, false, &block,
                                 (uint32_t)min(end - lblk, (uint64_t)UINT32_MAX), &run);
        if (err)
            return err;
        if (block)
            break;
        lblk += run;
    }
    *out = min(lblk, end);
    return 0;
}

int ext2_punch(struct inode *inode, uint64_t first, uint64_t past) {
    struct mapping *m = &inode->mapping;
    uint32_t per_page = PAGE_SIZE / ext2_sb(inode->super)->block_size;
    uint64_t lblk, index, end = DIV_ROUND_UP(inode_size(inode), PAGE_SIZE);
    past = min(past, end);
    for (index = first; index < past; index++) {
        struct page *p;
        int err = next_mapped(inode, index * per_page, past * per_page, &lblk);
        index = lblk / per_page;
        if (err || index == past)
            return err;
        err = page_cache_grab(m, index, &p);
        if (err)
            return err;
        page_cache_hide(m, p);
        ext2_free_blocks(inode, index * per_page, (index + 1) * per_page);
        page_cache_drop_hidden(m, p);
        page_put(p);
        cond_resched();
    }
    return 0;
}
