// The start of the file layer.
#pragma once

// Caches and file system types; needs vm/ (page cache) and dev/ (block devices, terminal) ready.
void fs_init(void);
