// The files of /proc/<pid>/.
#pragma once

void procfs_pid_init(void);
