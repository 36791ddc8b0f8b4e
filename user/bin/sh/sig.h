/*
 * Names of signals.
 */
#pragma once

/* The number of "INT", "SIGINT" or "2", 0 for "EXIT" and "0"; -1 when there is none. */
int sig_number(const char *name);
/* "INT"; NULL for a number without a name. */
const char *sig_name(int number);
/* What happened to a process that died of it: "Segmentation fault". */
const char *sig_text(int number);
/* One more than the highest signal. */
#define SIG_COUNT 65
