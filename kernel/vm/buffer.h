// Metadata blocks of a file system, through the page cache of its block device.
#pragma once

#include "vm/pagecache.h"

struct blkdev;

struct buffer {
    struct page *page;
    void *data; // the block's bytes, in the page
};

// The device's mapping, made on first use. NULL: out of memory.
struct mapping *__must_check bdev_mapping(struct blkdev *dev);
// The block (size 1024, 2048 or 4096 bytes) read. 0, -EIO, -ENOMEM. Give back by buffer_put().
int __must_check buffer_read(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out);
// The same without reading: all zero, up to date, for a block that is new.
int __must_check buffer_new(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out);
void buffer_dirty(struct buffer *b);
void buffer_put(struct buffer *b);
// Forgets a freed block, so that stale metadata is never written over a file's data.
void buffer_forget(struct blkdev *dev, uint64_t block, uint32_t size);
