/*
 * Drawing the line being edited.
 *
 * The terminal is only told to move relative to where it is: the line may start on any row, and
 * the screen may scroll. row remembers how far the cursor is below the prompt.
 */
#include "screen.h"

#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "mem.h"
#include "shell.h"

#define DEFAULT_COLUMNS 80

static void send(struct strbuf *sb)
{
    write_all(2, sb_str(sb), sb->len);
    sb_free(sb);
}

size_t screen_width(const char *text, size_t len)
{
    size_t width = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\033' && i + 1 < len && text[i + 1] == '[') {
            for (i += 2; i < len && !(text[i] >= '@' && text[i] <= '~');)
                i++;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80 && (unsigned char)text[i] >= ' ') {
            width++;
        }
    }
    return width;
}

void screen_start(struct screen *s, const char *prompt)
{
    struct winsize size;
    const char *last = strrchr(prompt, '\n');
    if (last)
        write_all(2, prompt, last + 1 - prompt);
    s->prompt = last ? last + 1 : prompt;
    s->prompt_width = screen_width(s->prompt, strlen(s->prompt));
    s->row = 0;
    s->columns = DEFAULT_COLUMNS;
    if (ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        s->columns = size.ws_col;
}

void screen_draw(struct screen *s, const char *line, size_t len, size_t at)
{
    struct strbuf sb = {0};
    size_t end = s->prompt_width + screen_width(line, len);
    size_t cursor = s->prompt_width + screen_width(line, at);
    if (s->row)
        sb_printf(&sb, "\033[%zuA", s->row);
    sb_printf(&sb, "\r%s", s->prompt);
    sb_add_mem(&sb, line, len);
    /* A terminal that has filled its last column waits there: make it go to the next row. */
    if (end && end % s->columns == 0)
        sb_add_str(&sb, "\r\n");
    sb_add_str(&sb, "\033[J");
    s->row = cursor / s->columns;
    if (end / s->columns > s->row)
        sb_printf(&sb, "\033[%zuA", end / s->columns - s->row);
    sb_add(&sb, '\r');
    if (cursor % s->columns)
        sb_printf(&sb, "\033[%zuC", cursor % s->columns);
    send(&sb);
}

void screen_append(struct screen *s, const char *line, size_t len, char c)
{
    size_t end = s->prompt_width + screen_width(line, len);
    if (end % s->columns == 0) {
        screen_draw(s, line, len, len);
        return;
    }
    s->row = end / s->columns;
    write_all(2, &c, 1);
}

void screen_leave(struct screen *s, const char *line, size_t len)
{
    struct strbuf sb = {0};
    size_t end = (s->prompt_width + screen_width(line, len)) / s->columns;
    if (end > s->row)
        sb_printf(&sb, "\033[%zuB", end - s->row);
    sb_add_str(&sb, "\r\n");
    s->row = 0;
    send(&sb);
}

void screen_clear(struct screen *s)
{
    static const char clear[] = "\033[H\033[2J";
    write_all(2, clear, sizeof clear - 1);
    s->row = 0;
}
