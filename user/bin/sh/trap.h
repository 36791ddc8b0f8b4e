/*
 * Traps, and what the shell itself does with signals.
 */
#pragma once

#include <stdbool.h>

/* The action for a signal (0: EXIT): commands, "" to ignore it, NULL for the default. 0 or -1. */
int trap_set(int number, const char *action);
/* Shows what is set, as commands that set it again. */
void trap_print(void);
/* Runs the actions of signals that came. */
void trap_run_pending(void);
/* A signal that came and whose action has not run, or 0. */
int trap_pending_signal(void);
/* Runs the EXIT action, once. */
void trap_run_exit(void);
/* Whether an action is set, so that the shell must not give its process away. */
bool trap_blocks_exec(void);
/* In a new child: actions are gone, ignored signals stay ignored. */
void trap_reset_child(void);
/* An interactive shell is not ended by the keyboard. */
void trap_interactive(void);
