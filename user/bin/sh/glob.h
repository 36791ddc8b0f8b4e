/*
 * Patterns: file names that match, and matching strings.
 *
 * A pattern is text in which a backslash takes the meaning from the character after it.
 */
#pragma once

#include <stdbool.h>

#include "mem.h"

/* Whether an unquoted * ? or [ is in it. */
bool pattern_is_magic(const char *pattern);
/* Takes the backslashes out, in place. */
void pattern_unquote(char *pattern);
/* Appends the sorted names of the files that match; how many. */
size_t glob_files(const char *pattern, struct strvec *out);
