// The lock order of the whole kernel as one list: a lock may be taken only while all held locks
// have a smaller rank. Two locks of one rank only through spin_lock_two() / by address. Spin locks
// and sleeping locks are checked at run time, always; a breach panics with both call sites.
// Above the line may sleep, below it spins with interrupts off. docs/locks.md tells each lock's
// use.
#pragma once

enum lockrank {
    RANK_NONE,
    RANK_FILEPOS,      // an open file's position: a read of /proc takes any lock below
    RANK_PROCTEXT,     // the text of an open file of /proc, while it is made: the same
    RANK_PROCESS_TREE, // parent/child/group links of all processes
    RANK_PROCESS,      // one process
    RANK_SWAPON,       // one swapon or swapoff at a time: goes through address spaces
    RANK_MOUNT,        // mount table, whole renames
    RANK_FDTABLE,
    RANK_FSCTX,        // a process's root, cwd, umask
    RANK_RENAME,       // renames across directories, one at a time
    RANK_INODE_DIR,    // a directory's inode: taken before ...
    RANK_INODE,        // ... an entry's inode
    RANK_PIPE,
    RANK_WRITEBACK,    // one sync(2) at a time
    RANK_MM,           // rwsem of an address space
    RANK_JOURNAL,
    RANK_PAGE,         // page lock of a file's page
    RANK_MAPPING,      // block map of an inode, truncation
    RANK_FS,           // a file system's allocation bitmaps and super block
    RANK_PAGE_META,    // page lock of a block device's page
    RANK_RMAP,
    // ---- sleeping above, spinning below ----
    RANK_SPIN,
    RANK_FILE,         // small leaf data of files, path cache, inode hash
    RANK_RECLAIM,
    RANK_PAGECACHE,    // a mapping's tree
    RANK_PAGETABLE,
    RANK_HUGE,         // counts and order of large pages
    RANK_LENT,         // tables that address spaces of a family share
    RANK_ASID,
    RANK_SWAPMAP,      // a swap area's slots and cache
    RANK_LRU,          // the reclaim lists
    RANK_VMALLOC,
    RANK_SLAB,
    RANK_BUDDY,
    RANK_BLOCK,        // request queue, virtqueue
    RANK_TTY,
    RANK_UART,
    RANK_IRQ,
    RANK_PID,          // pid tree, signal state
    RANK_TIMER,
    RANK_WAITQ,
    RANK_RUNQ,
    RANK_LOG,
};
