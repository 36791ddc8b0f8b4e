// Metadata blocks of a file system, through the page cache of its block device.
//
// A page of the device may hold a metadata block beside blocks that belong to files (blocks of 1 or
// 2 KiB). The files' blocks are cached in their own mappings, so the copy of them in this page is
// stale: buffer_dirty() therefore marks only the block's own sectors (bits of page->private, one
// for each 512 bytes), and the device's write_pages writes only marked sectors. A page dirtied
// whole (write to /dev/vda) has all eight bits set.
#pragma once

#include "vm/pagecache.h"

struct blkdev;

struct buffer {
    struct page *page; // held
    void *data;        // the block's bytes, in the page
    uint32_t size;     // bytes
};

// The device's mapping, made on first use. NULL: out of memory.
struct mapping *__must_check bdev_mapping(struct blkdev *dev);
// The block (size 1024, 2048 or 4096 bytes) read. 0, -EIO; -ENOMEM only when the device
// has no mapping yet, or for the writer. Give back by buffer_put().
int __must_check buffer_read(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out);
// The same without keeping what was there: all zero and dirty, for a block that is new. (The rest
// of its page is read first when the page was absent and the block is smaller.)
int __must_check buffer_new(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out);
void buffer_dirty(struct buffer *b);
void buffer_put(struct buffer *b);
// Forgets a freed block (clears its dirty bits, waits for a write in flight), so that stale
// metadata is never written over a file's data.
void buffer_forget(struct blkdev *dev, uint64_t block, uint32_t size);
