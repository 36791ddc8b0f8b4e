/*
 * Prompts.
 */
#pragma once

/* The value of PS1, PS2 or PS4 with its parameters expanded; valid until the next call. */
const char *prompt_text(const char *variable);
