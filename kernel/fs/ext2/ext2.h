// ext2 (e2fsprogs' and Linux's on-disk format; Card, Ts'o, Tweedie 1994; Poirier's "The Second
// Extended File System"): the entry point. Internals are in ext2_internal.h.
#pragma once

void ext2_init(void); // registers file system types "ext2" and (without a journal to replay) "ext3"
