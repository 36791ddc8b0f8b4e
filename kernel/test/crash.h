// Crashes on purpose, for the tests of panic and of the checkers: `crash=KIND` on the command line.
#pragma once

#include "lib/compiler.h"

struct crash {
    const char *kind; // NULL ends a table
    void (*crash)(void);
};

extern const struct crash crimes[]; // crime.c

// Unknown kinds: all are listed, and nothing happens.
void crash_on_purpose(const char *kind);
