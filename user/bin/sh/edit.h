/*
 * Line editing at the terminal.
 */
#pragma once

#include <stdbool.h>

#include "mem.h"

/* Whether standard input and output are a terminal that lines can be edited on. */
bool edit_usable(void);
/*
 * Reads a line with its newline into out. Nothing is added at ^D; an empty line after ^C, which
 * also unwinds with FLOW_ABORT and $? 130.
 */
void edit_read_line(const char *prompt, struct strbuf *out);
