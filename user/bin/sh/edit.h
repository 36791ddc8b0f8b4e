/*
 * Line editing at the terminal.
 */
#pragma once

#include <stdbool.h>

#include "mem.h"

/* Whether standard input and error are a terminal that lines can be edited on. */
bool edit_usable(void);
/*
 * Reads a line with its newline into out. Nothing is added at ^D. At ^C nothing is added either,
 * $? becomes 130, and FLOW_ABORT ends the command being typed.
 */
void edit_read_line(const char *prompt, struct strbuf *out);
