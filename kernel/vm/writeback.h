// Writing dirty pages, for vm/ itself; file systems call page_cache_sync() (vm/pagecache.h).
#pragma once

#include "vm/pagecache.h"

// Percent of memory that may be dirty: before the periodic writer writes all of it, and before
// those who write have to wait. /proc/sys/vm.
extern uint64_t dirty_background_ratio, dirty_ratio;

// Wakes the periodic writer to write everything now, whatever its age.
void writeback_kick(void);
// The calling thread is the periodic writer: reclaim must not wait for it.
bool writeback_is_current(void);
