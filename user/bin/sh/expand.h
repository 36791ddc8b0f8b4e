/*
 * Word expansion: parameters, commands, arithmetic, splitting, file names.
 *
 * An error (unset parameter, bad arithmetic) unwinds with FLOW_ABORT; what is returned then is
 * still valid memory, and the caller looks at sh.flow before it uses it.
 */
#pragma once

#include "ast.h"
#include "mem.h"

/* Appends the fields that the words become. */
void expand_words(const struct word *words, struct strvec *out);
/* A single string, neither split nor matched with files. The caller frees it. */
char *expand_string(const struct word *w);
/* The same with ~ after every : too, and after = in a word like name=value. */
char *expand_assignment(const struct word *w);
/* A pattern for fnmatch: what was quoted has backslashes. */
char *expand_pattern(const struct word *w);
/* The value of a parameter by name or digit or sign, NULL when unset. */
const char *expand_parameter(const char *name);
