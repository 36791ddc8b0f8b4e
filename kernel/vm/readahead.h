// Reading ahead: how many pages to ask for when one is missing.
#pragma once

#include "vm/pagecache.h"

#define READAHEAD_INIT 4U // pages of the first window
#define READAHEAD_MAX PAGE_CACHE_BATCH
#define READAROUND_PAGES 16U // window around a missing page of a mapped file, aligned

// Starts reading the page at index (absent just now) and, as ra says, more after it. ra may be
// NULL: that page alone. 0: it is in the cache or was, -ENOMEM.
int __must_check readahead_miss(struct mapping *m, struct readahead *ra, uint64_t index);
// The marked page at index was reached: starts the next window.
void readahead_next(struct mapping *m, struct readahead *ra, uint64_t index);
// Starts reading what is absent in the aligned window around index. Best effort.
void readahead_around(struct mapping *m, uint64_t index);
