// The order in which the parts of fs/ start.
#include "fs/devfs.h"
#include "fs/ext2/ext2.h"
#include "fs/fs.h"
#include "fs/pipe.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"

void fs_init(void) {
    path_init();
    inode_cache_init();
    file_init();
    pipe_init();
    ext2_init(); // first: mount_root() tries the types in order
    tmpfs_init();
    devfs_init();
    procfs_init();
}
