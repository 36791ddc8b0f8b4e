/*
 * A terminal that is redrawn as a whole.
 *
 * The cursor goes home and every line ends with "erase to its end", so nothing flickers; what is
 * below the text is erased last.
 */
#include <poll.h>
#include <screen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <tools.h>
#include <unistd.h>

static struct termios before;
static int started;

static void put(const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        if (n <= 0)
            return;
        text += n;
        len -= n;
    }
}

static void restore(void)
{
    if (!started)
        return;
    started = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    put("\033[?25h", 6); /* the cursor is visible again */
}

static void on_signal(int sig)
{
    restore();
    signal(sig, SIG_DFL);
    raise(sig);
}

void screen_start(void)
{
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return;
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    started = 1;
    atexit(restore);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    put("\033[?25l\033[2J", 10);
}

/* The part of a line that fits; escape sequences take no room. */
static size_t fitting(const char *line, size_t len, int columns)
{
    size_t i = 0;

    while (i < len && columns > 0) {
        if (line[i] == '\033') {
            while (i < len && line[i] != 'm')
                i++;
            i += i < len;
            continue;
        }
        columns -= ((unsigned char)line[i] & 0xc0) != 0x80; /* UTF-8: one column a character */
        i++;
    }
    return i;
}

void screen_show(const char *text)
{
    static const char end_line[] = "\033[m\033[K";
    int rows, columns;

    terminal_size(&rows, &columns);
    char *out = malloc(strlen(text) + rows * (sizeof(end_line) + 2) + 16), *p = out;
    if (!out)
        return;
    p = stpcpy(p, "\033[H");
    for (int row = 0; row < rows && *text; row++) {
        size_t len = strcspn(text, "\n");
        if (row)
            p = stpcpy(p, "\r\n");
        p = mempcpy(p, text, fitting(text, len, columns - 1));
        p = stpcpy(p, end_line);
        text += len + (text[len] == '\n');
    }
    p = stpcpy(p, "\033[J");
    put(out, p - out);
    free(out);
}

int screen_key(double seconds)
{
    struct pollfd pfd = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char key;

    if (poll(&pfd, 1, (int)(seconds * 1000)) <= 0)
        return 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
