// printf formatting into a buffer: d i u x X o c s p % with l ll z h hh, width, precision, flags
// "-0+ #". Always terminated when size > 0; returns the length it would have had (C11 7.21.6.5).
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
// Like snprintf but returns what was really written, without the terminator: for appending.
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
