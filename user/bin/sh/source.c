/*
 * The sources of shell text.
 *
 * A script file belongs to the shell, so it is read in blocks. Standard input is shared with the
 * commands of the script (`sh <script` may hold a `read`), so exactly one line is taken at a
 * time: in a block and with a seek back where that works, byte by byte on a pipe.
 */
#include "source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "prompt.h"
#include "shell.h"

#define BLOCK 1024

void source_init_string(struct source *s, const char *text, size_t len, int line)
{
    *s = (struct source){.text = text, .len = len, .line = line, .fd = -1};
}

void source_init_fd(struct source *s, int fd, bool shared, bool terminal)
{
    *s = (struct source){.fd = fd, .line = 1, .shared = shared, .terminal = terminal};
}

void source_free(struct source *s)
{
    sb_free(&s->buffer);
}

/* Reads up to a newline, then moves the file offset back to just after it. */
static int read_line_seek(int fd, struct strbuf *sb)
{
    char block[BLOCK];
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : 0;
        const char *end = memchr(block, '\n', n);
        size_t used = end ? (size_t)(end - block) + 1 : (size_t)n;
        sb_add_mem(sb, block, used);
        if (!end)
            continue;
        return lseek(fd, (off_t)used - n, SEEK_CUR) < 0 ? -1 : 1;
    }
}

int fd_read_line(int fd, struct strbuf *sb)
{
    if (lseek(fd, 0, SEEK_CUR) >= 0)
        return read_line_seek(fd, sb);
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n <= 0)
            return n < 0 ? -1 : 0;
        sb_add(sb, c);
        if (c == '\n')
            return 1;
    }
}

void fd_read_all(int fd, struct strbuf *sb)
{
    char block[BLOCK];
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        for (char *zero; (zero = memchr(block, '\0', n)); n--)
            memmove(zero, zero + 1, block + n - zero - 1);
        sb_add_mem(sb, block, n);
    }
}

static void read_block(struct source *s)
{
    char block[BLOCK];
    ssize_t n;
    do {
        n = read(s->fd, block, sizeof block);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        sb_add_mem(&s->buffer, block, n);
}

/* Text that ends in a lone backslash needs its newline, which may be in the next block. */
static bool is_cut(const struct strbuf *sb)
{
    return sb->len && sb->data[sb->len - 1] == '\\';
}

static void read_blocks(struct source *s)
{
    size_t before;
    do {
        before = s->buffer.len;
        read_block(s);
    } while (is_cut(&s->buffer) && s->buffer.len != before);
}

static void read_terminal(struct source *s)
{
    const char *prompt = prompt_text(s->continued ? "PS2" : "PS1");
    if (edit_usable()) {
        edit_read_line(prompt, &s->buffer);
        if (s->continued && s->buffer.len == 0 && !sh.flow)
            write_all(2, "\n", 1);
        return;
    }
    write_all(2, prompt, strlen(prompt));
    while (fd_read_line(s->fd, &s->buffer) < 0 && errno == EINTR)
        continue;
}

int source_fill(struct source *s)
{
    if (s->ended || s->interrupted || s->fd < 0)
        return -1;
    sb_clear(&s->buffer);
    if (s->terminal) {
        read_terminal(s);
    } else if (s->shared) {
        while (fd_read_line(s->fd, &s->buffer) < 0 && errno == EINTR)
            continue;
    } else {
        read_blocks(s);
    }
    s->text = sb_str(&s->buffer);
    s->len = s->buffer.len;
    s->pos = 0;
    s->interrupted = s->terminal && sh.flow == FLOW_ABORT;
    if (s->interrupted)
        return -1;
    s->ended = s->len == 0;
    if (shell_option(OPT_VERBOSE))
        write_all(2, s->text, s->len);
    return s->ended ? -1 : (unsigned char)s->text[0];
}

/* NUL bytes mean nothing in a script: they are skipped here, once for all. */
int source_get(struct source *s)
{
    int c;
    do {
        c = source_peek(s);
        if (c < 0)
            return -1;
        s->pos++;
    } while (c == 0);
    if (c == '\n')
        s->line++;
    return c;
}

void source_drop_line(struct source *s)
{
    s->ended = false;
    s->pos = s->len;
}

bool source_exhausted(const struct source *s)
{
    if (s->fd >= 0)
        return false;
    for (size_t i = s->pos; i < s->len; i++)
        if (!strchr(" \t\n", s->text[i]))
            return false;
    return true;
}
