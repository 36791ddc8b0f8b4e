/*
 * The lines typed before.
 */
#pragma once

#include <stddef.h>

/* Remembers a line, unless it is empty or the same as the last. */
void history_add(const char *line);
size_t history_count(void);
/* By age: 0 is the oldest. NULL outside. */
const char *history_get(size_t index);
