/* The kernel's log. */
#ifndef XV_SYS_KLOG_H
#define XV_SYS_KLOG_H

#include "abi/sysinfo.h"

int klogctl(int action, char *buf, int len);

#endif
