// tmpfs: files whose only home is the page cache.
#pragma once

void tmpfs_init(void);
