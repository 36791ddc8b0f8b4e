/*
 * Keys: raw mode, and the escape sequences of the VT100 and its children.
 */
#include "key.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked;

bool key_enter_raw(void)
{
    if (tcgetattr(0, &cooked) < 0)
        return false;
    struct termios raw = cooked;
    /* ICRNL stays: a line typed ahead must end in a newline for the command that reads it. */
    raw.c_iflag &= ~(BRKINT | INLCR | IGNCR | ISTRIP | IXON);
    raw.c_lflag &= ~(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(0, TCSADRAIN, &raw) == 0;
}

void key_leave_raw(void)
{
    tcsetattr(0, TCSADRAIN, &cooked);
}

static int read_byte(void)
{
    unsigned char c;
    ssize_t n;
    do {
        n = read(0, &c, 1);
    } while (n < 0 && errno == EINTR);
    return n == 1 ? c : KEY_END_OF_INPUT;
}

/* ESC [ 3 ~ and its like. A second number is a modifier key: ESC [ 1 ; 5 C is Ctrl-Right. */
static int read_numbered(int c)
{
    static const unsigned char keys[] = {1, 3, 4, 7, 8};
    static const int meanings[] = {KEY_HOME, KEY_DELETE, KEY_END, KEY_HOME, KEY_END};
    int number = 0;
    bool modified = false;
    for (; (c >= '0' && c <= '9') || c == ';'; c = read_byte()) {
        if (c == ';')
            modified = true;
        else if (!modified && number < 100)
            number = number * 10 + c - '0';
    }
    if (c == 'C')
        return KEY_WORD_RIGHT;
    if (c == 'D')
        return KEY_WORD_LEFT;
    for (unsigned i = 0; c == '~' && i < sizeof keys; i++)
        if (keys[i] == number)
            return meanings[i];
    return c < 0 ? c : KEY_NONE;
}

static int read_sequence(void)
{
    int c = read_byte();
    switch (c) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return c >= '0' && c <= '9' ? read_numbered(c) : c < 0 ? c : KEY_NONE;
    }
}

int key_read(void)
{
    int c = read_byte();
    if (c == '\n')
        return KEY_ENTER;
    if (c == CTRL('h'))
        return KEY_BACKSPACE;
    if (c != KEY_ESCAPE)
        return c;
    switch (read_byte()) {
    case '[':
    case 'O':
        return read_sequence();
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_WORD_DELETE;
    case KEY_END_OF_INPUT:
        return KEY_END_OF_INPUT;
    default:
        return KEY_NONE;
    }
}
