// Turning the machine off: the test finisher found in the device tree returns a status to QEMU's
// caller; SBI SRST cannot (it always exits with 0).
#pragma once

#include "lib/compiler.h"

void power_init(void); // maps the finisher
__noreturn void power_off(int status); // status 0..127; without a finisher SBI shutdown
__noreturn void power_restart(void);
