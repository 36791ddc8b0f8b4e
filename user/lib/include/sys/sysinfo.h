/* Memory and load in one call. */
#ifndef XV_SYS_SYSINFO_H
#define XV_SYS_SYSINFO_H

#include "abi/sysinfo.h"

int sysinfo(struct sysinfo *info);
int get_nprocs(void);

#endif
