/*
 * Arithmetic expansion.
 */
#pragma once

#include <stdbool.h>

/*
 * Evaluates a C integer expression over shell variables, in 64 bits that wrap around.
 * false after an error, which unwinds as shell_fail() does.
 */
bool arith_eval(const char *text, long long *value);
