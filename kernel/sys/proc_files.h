// Files of /proc that need to see processes and the system's names.
#pragma once

#include "abi/utsname.h"

extern struct utsname uts; // sys_info.c
void proc_files_init(void);
