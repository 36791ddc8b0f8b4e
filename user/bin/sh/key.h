/*
 * Keys of a terminal in raw mode.
 */
#pragma once

#include <stdbool.h>

/* A key is a byte, or one of these for what terminals send as a sequence. */
enum key {
    KEY_END_OF_INPUT = -1,
    KEY_ENTER = '\r',
    KEY_ESCAPE = '\033',
    KEY_BACKSPACE = 127,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_WORD_DELETE,
    KEY_NONE, /* a sequence nobody knows */
};

#define CTRL(c) ((c) & 0x1f)

/* Raw mode on standard input; false when that cannot be. key_leave_raw() undoes it. */
bool key_enter_raw(void);
void key_leave_raw(void);
int key_read(void);
