// The page lock's part that only the page cache uses; the rest is in vm/pagecache.h.
#pragma once

struct page;

void pagelock_init(void);
// Clears PG_WRITEBACK and wakes. Any context.
void page_end_writeback(struct page *p);
