// goldfish RTC: nanoseconds since 1970, read at boot.
#pragma once

#include "lib/types.h"

bool rtc_init(void);       // sets sched/timer's realtime offset; false: no clock found
uint64_t rtc_read_ns(void);
void rtc_set_ns(uint64_t ns);
