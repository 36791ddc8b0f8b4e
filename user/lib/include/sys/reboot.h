/* Stopping the machine. */
#ifndef XV_SYS_REBOOT_H
#define XV_SYS_REBOOT_H

#include "abi/reboot.h"

#define RB_AUTOBOOT  LINUX_REBOOT_CMD_RESTART
#define RB_HALT_SYSTEM LINUX_REBOOT_CMD_HALT
#define RB_POWER_OFF LINUX_REBOOT_CMD_POWER_OFF

int reboot(unsigned cmd);

#endif
