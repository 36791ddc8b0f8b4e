// The files of /proc that fs/ itself can fill. Called by procfs_init().
#pragma once

#include "fs/procfs.h"

void procfs_add_memory(void); // procfs_memory.c
void procfs_add_system(void); // procfs_system.c
void procfs_add_sysctl(void); // procfs_sysctl.c
void procfs_add_kpage(void);  // procfs_kpage.c
