// Crashes on purpose, for the tests of panic: `crash=KIND` on the command line.
#pragma once

// KIND: null, text, wild, overflow, assert, order, recursive, sleep, illegal. Unknown ones are
// listed and nothing happens.
void crash_on_purpose(const char *kind);
