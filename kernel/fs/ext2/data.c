// Moving pages of a file between the page cache and the disk.
//
//   pages p0 p1 p2 ...  ->  blocks b00 b01 .. -> runs of consecutive blocks -> one bio each
//
// A page may need several bios (blocks smaller than a page, or scattered ones) and a bio may carry
// several pages. page->private counts what is still under way: one for each segment plus one while
// we are still adding; the top bits say that some part failed, or was not begun for want of memory.
// Whoever takes the count to zero ends the page's read or write. Holes are zero-filled on reading
// and skipped on writing (prepare_write gave every block that matters a place).
//
// Locks: the pages are locked (reads) or under writeback (writes); map_lock inside ext2_map_block.
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"
#include "lib/string.h"

#define PART_FAILED (1UL << 63)
#define PART_NO_MEMORY (1UL << 62)

struct transfer {
    struct blkdev *dev;
    enum bio_op op;
    struct bio *bio;      // being filled, or NULL
    uint64_t next_sector; // that would continue it
};

static void part_done(struct page *page, enum bio_op op, int err) {
    if (err)
        atomic_or(&page->private, err == -ENOMEM ? PART_NO_MEMORY : PART_FAILED);
    uint64_t now = atomic_sub(&page->private, 1) - 1;
    if (now & ~(PART_FAILED | PART_NO_MEMORY))
        return;
    page->private = 0;
    err = now & PART_FAILED ? -EIO : now & PART_NO_MEMORY ? -ENOMEM : 0;
    if (op == BIO_READ)
        page_end_read(page, err);
    else
        page_end_write(page, err);
}

static void transfer_end_io(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++)
        part_done(bio->vec[i].page, bio->op, bio->status);
    bio_free(bio);
}

static void transfer_flush(struct transfer *t) {
    if (t->bio)
        bio_submit(t->bio);
    t->bio = NULL;
}

// Adds len bytes at `offset` of the page, to or from `sector`.
static void transfer_add(struct transfer *t, struct page *page, uint32_t offset, uint32_t len,
                        uint64_t sector) {
    if (t->bio && t->next_sector != sector)
        transfer_flush(t);
    atomic_add(&page->private, 1);
    if (!t->bio || !bio_add_page(t->bio, page, offset, len)) {
        transfer_flush(t);
        t->bio = bio_alloc(GFP_NOIO | GFP_HIGH);
        assert(t->bio);
        t->bio->dev = t->dev;
        t->bio->op = t->op;
        t->bio->sector = sector;
        t->bio->end_io = transfer_end_io;
        bool added = bio_add_page(t->bio, page, offset, len);
        assert(added);
    }
    t->next_sector = sector + len / SECTOR_SIZE;
}

// The runs of one page. *cached_run blocks from *cached on are known to be consecutive (or a hole):
// one look at the map serves many pages.
struct run {
    uint64_t lblk;
    uint32_t block, left;
};

static int find_run(struct inode *inode, struct run *r, uint64_t lblk, uint32_t want) {
    if (r->left && r->lblk == lblk)
        return 0;
    r->lblk = lblk;
    return ext2_map_block(inode, lblk, false, &r->block, want, &r->left);
}

static void run_advance(struct run *r, uint32_t n) {
    r->lblk += n;
    r->left -= n;
    if (r->block)
        r->block += n;
}

// Transfers one page; `want`: blocks that the caller will ask for from here on.
static int page_transfer(struct transfer *t, struct inode *inode, struct page *page, struct run *r,
                         uint32_t want) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    uint32_t per_page = PAGE_SIZE / sb->block_size, sectors = sb->block_size / SECTOR_SIZE;
    for (uint32_t i = 0; i < per_page;) {
        int err = find_run(inode, r, page->index * per_page + i, want - i);
        if (err == -EFBIG) { // beyond what the format can address: a hole for ever
            r->block = 0;
            r->left = per_page - i;
            err = 0;
        }
        if (err)
            return err;
        uint32_t n = min(r->left, per_page - i);
        uint32_t offset = i * sb->block_size, len = n * sb->block_size;
        if (r->block)
            transfer_add(t, page, offset, len, (uint64_t)r->block * sectors);
        else if (t->op == BIO_READ)
            memset((char *)page_to_virt(page) + offset, 0, len);
        run_advance(r, n);
        i += n;
    }
    return 0;
}

static void transfer_pages(struct mapping *m, struct page **pages, int n, enum bio_op op) {
    struct inode *inode = m->host;
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct transfer t = {.dev = sb->dev, .op = op};
    struct run r = {0};
    uint32_t per_page = PAGE_SIZE / sb->block_size;
    for (int i = 0; i < n; i++) {
        pages[i]->private = 1;
        int err = page_transfer(&t, inode, pages[i], &r, (uint32_t)(n - i) * per_page);
        if (op == BIO_WRITE)
            page_unlock(pages[i]);
        part_done(pages[i], op, err);
    }
    transfer_flush(&t);
}

static void ext2_read_pages(struct mapping *m, struct page **pages, int n) {
    transfer_pages(m, pages, n, BIO_READ);
}

// What a shared mapping stored beyond the end of the file must not reach the disk.
static void zero_beyond_end(struct mapping *m, struct page *page) {
    uint64_t size = atomic_load_relaxed(&m->size), start = page->index << PAGE_SHIFT;
    if (size > start && size - start < PAGE_SIZE)
        memset((char *)page_to_virt(page) + (size - start), 0, PAGE_SIZE - (size - start));
}

static void ext2_write_pages(struct mapping *m, struct page **pages, int n) {
    zero_beyond_end(m, pages[n - 1]);
    transfer_pages(m, pages, n, BIO_WRITE);
}

static int ext2_prepare_write(struct mapping *m, struct page *page, uint32_t from, uint32_t to) {
    struct inode *inode = m->host;
    struct ext2_sb *sb = ext2_sb(inode->super);
    uint32_t per_page = PAGE_SIZE / sb->block_size;
    assertf(from < to && to <= PAGE_SIZE, "from %u to %u", from, to);
    for (uint32_t i = from / sb->block_size; i <= (to - 1) / sb->block_size; i++) {
        uint32_t block;
        int err = ext2_map_block(inode, page->index * per_page + i, true, &block, 1, NULL);
        if (err)
            return err;
    }
    return 0;
}

static int ext2_locate(struct mapping *m, uint64_t index, uint64_t *sector, uint64_t *pages) {
    struct inode *inode = m->host;
    struct ext2_sb *sb = ext2_sb(inode->super);
    uint32_t per_page = PAGE_SIZE / sb->block_size, block, run;
    int err = ext2_map_block(inode, index * per_page, false, &block, UINT32_MAX, &run);
    if (err || block == 0)
        return err ? err : -EINVAL;
    *pages = run / per_page;
    *sector = (uint64_t)block * (sb->block_size / SECTOR_SIZE);
    for (uint32_t i = 1; *pages == 0 && i < per_page; i++) { // in pieces: is one of them a hole?
        err = ext2_map_block(inode, index * per_page + i, false, &block, 1, NULL);
        if (err || block == 0)
            return err ? err : -EINVAL;
    }
    return 0;
}

static void ext2_hold(void *file) {
    file_get(file);
}

static void ext2_release(void *file) {
    file_put(file);
}

const struct mapping_ops ext2_mapping_ops = {
    .read_pages = ext2_read_pages,
    .write_pages = ext2_write_pages,
    .prepare_write = ext2_prepare_write,
    .locate = ext2_locate,
    .hold = ext2_hold,
    .release = ext2_release,
};

int ext2_truncate(struct inode *inode, uint64_t size) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    if (size > ext2_max_size(sb))
        return -EFBIG;
    uint64_t old = inode_size(inode);
    int err = page_cache_truncate(&inode->mapping, size);
    if (err)
        return err;
    if (size <= old)
        ext2_free_blocks(inode, DIV_ROUND_UP(size, sb->block_size), UINT64_MAX);
    inode_mark_dirty(inode);
    return 0;
}

// The format knows no blocks that are given but not written, so new ones are zeroed; and none may
// lie behind the file's end.
int ext2_fallocate(struct inode *inode, int mode, uint64_t off, uint64_t end) {
    struct mapping *m = &inode->mapping;
    uint64_t size = inode_size(inode), first, past;
    if (mode & FALLOC_FL_PUNCH_HOLE) {
        int err = page_cache_zero_edges(m, off, end, &first, &past);
        return err ? err : ext2_punch(inode, first, past);
    }
    if (end > size && mode & FALLOC_FL_KEEP_SIZE)
        return -EOPNOTSUPP;
    int err = page_cache_allocate(m, off, end);
    if (end > size && err)
        (void)!ext2_truncate(inode, size);
    else if (end > size)
        page_cache_extend(m, end);
    inode_mark_dirty(inode);
    return err;
}
