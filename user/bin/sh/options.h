/*
 * The options of set and of the command line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The letters of the options that are on: $-. */
const char *options_letters(void);
/* Sets the option with this letter; false after a message when there is none. */
bool options_set_letter(char letter, bool on);
bool options_set_name(const char *name, bool on);
/* set -o and set +o */
void options_print(bool as_commands);
/*
 * Takes option words from the front of argv (after argv[0]); -o takes a name. Returns the index of
 * the first word that is none, -1 after an error. *dashes: the options ended at "--" or "-".
 * *command counts the letters c, and login is set by l; both only for the command line, else NULL.
 */
int options_parse(int argc, char **argv, bool *dashes, bool *command, bool *login);
