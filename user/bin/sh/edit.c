/*
 * Line editing: one function per key, on a line that screen.c draws.
 *
 *     left right ^B ^F   move          home end ^A ^E    to the ends     alt-B alt-F  by words
 *     backspace delete   remove        ^K ^U ^W alt-D    cut             ^Y           paste
 *     up down ^P ^N      history       ^R                search it       tab          complete
 *     ^L  clear the screen             ^C  give up the line              ^D  end of input
 */
#include "edit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "history.h"
#include "key.h"
#include "screen.h"
#include "shell.h"
#include "var.h"

enum outcome { EDIT_GOES_ON, EDIT_DONE, EDIT_END, EDIT_INTERRUPTED };

struct editor {
    struct screen screen;
    struct strbuf line;
    size_t at;           /* the cursor is before this byte */
    size_t history;      /* the entry shown; the number of entries: a new line */
    char *typed;         /* the new line, while an old one is shown */
};

static char *cut_text;

bool edit_usable(void)
{
    const char *term = var_get_or("TERM", "");
    return isatty(0) && isatty(2) && strcmp(term, "dumb") != 0;
}

static void draw(struct editor *e)
{
    screen_draw(&e->screen, sb_str(&e->line), e->line.len, e->at);
}

static bool continues_character(const struct editor *e, size_t i)
{
    return i < e->line.len && ((unsigned char)e->line.data[i] & 0xc0) == 0x80;
}

/* The place one character to the left or right of i. */
static size_t before(const struct editor *e, size_t i)
{
    while (i && continues_character(e, --i))
        continue;
    return i;
}

static size_t after(const struct editor *e, size_t i)
{
    if (i < e->line.len)
        i++;
    while (continues_character(e, i))
        i++;
    return i;
}

static bool is_blank(const struct editor *e, size_t i)
{
    return strchr(" \t/", e->line.data[i]);
}

static size_t word_left(const struct editor *e, size_t i)
{
    while (i && is_blank(e, i - 1))
        i--;
    while (i && !is_blank(e, i - 1))
        i--;
    return i;
}

static size_t word_right(const struct editor *e, size_t i)
{
    while (i < e->line.len && is_blank(e, i))
        i++;
    while (i < e->line.len && !is_blank(e, i))
        i++;
    return i;
}

static void move_to(struct editor *e, size_t at)
{
    e->at = at;
    draw(e);
}

static void insert(struct editor *e, const char *s, size_t len)
{
    struct strbuf rest = {0};
    sb_add_str(&rest, sb_str(&e->line) + e->at);
    e->line.len = e->at;
    sb_add_mem(&e->line, s, len);
    e->at = e->line.len;
    sb_add_str(&e->line, sb_str(&rest));
    sb_free(&rest);
}

static void insert_key(struct editor *e, char c)
{
    bool at_end = e->at == e->line.len;
    insert(e, &c, 1);
    if (at_end && !((unsigned char)c & 0x80))
        screen_append(&e->screen, e->line.data, e->line.len, c);
    else
        draw(e);
}

static void erase(struct editor *e, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(e->line.data + from, e->line.data + to, e->line.len - to + 1);
    e->line.len -= to - from;
    move_to(e, from);
}

static void cut(struct editor *e, size_t from, size_t to)
{
    if (from == to)
        return;
    free(cut_text);
    cut_text = mem_strndup(e->line.data + from, to - from);
    erase(e, from, to);
}

/* ^W takes a whole argument, slashes and all. */
static size_t argument_left(const struct editor *e, size_t i)
{
    while (i && strchr(" \t", e->line.data[i - 1]))
        i--;
    while (i && !strchr(" \t", e->line.data[i - 1]))
        i--;
    return i;
}

static void paste(struct editor *e)
{
    if (cut_text)
        insert(e, cut_text, strlen(cut_text));
    draw(e);
}

static void set_line(struct editor *e, const char *text)
{
    sb_clear(&e->line);
    sb_add_str(&e->line, text);
    move_to(e, e->line.len);
}

static void show_history(struct editor *e, size_t index)
{
    if (index > history_count())
        return;
    if (e->history == history_count()) {
        free(e->typed);
        e->typed = mem_strdup(sb_str(&e->line));
    }
    e->history = index;
    const char *old = history_get(index);
    set_line(e, old ? old : e->typed);
}

/* The newest entry before limit that holds text; limit when there is none. */
static size_t search_history(size_t limit, const char *text)
{
    for (size_t i = limit; i-- > 0;)
        if (strstr(history_get(i), text))
            return i;
    return limit;
}

static void draw_search(struct editor *e, const struct strbuf *wanted, bool failed)
{
    struct screen *s = &e->screen;
    struct strbuf prompt = {0};
    sb_printf(&prompt, "%ssearch '%s': ", failed ? "no more: " : "", sb_str(wanted));
    const char *saved = s->prompt;
    size_t saved_width = s->prompt_width;
    s->prompt = prompt.data;
    s->prompt_width = screen_width(prompt.data, prompt.len);
    draw(e);
    s->prompt = saved;
    s->prompt_width = saved_width;
    sb_free(&prompt);
}

/*
 * ^R: typing narrows, ^R again goes further back, ^G gives up. Any other key ends the search, is
 * returned, and does what it always does to the line found.
 */
static int search(struct editor *e)
{
    struct strbuf wanted = {0};
    size_t found = history_count();
    bool failed = false;
    int key;
    char *original = mem_strdup(sb_str(&e->line));
    for (;;) {
        draw_search(e, &wanted, failed);
        key = key_read();
        size_t limit = history_count();
        if (key == CTRL('r'))
            limit = found;
        else if (key == KEY_BACKSPACE && wanted.len)
            wanted.data[--wanted.len] = '\0';
        else if (key >= ' ' && key < 256 && key != KEY_BACKSPACE)
            sb_add(&wanted, key);
        else
            break;
        size_t next = search_history(limit, sb_str(&wanted));
        failed = next == limit;
        if (!failed) {
            found = e->history = next;
            sb_clear(&e->line);
            sb_add_str(&e->line, history_get(next));
            e->at = e->line.len;
        }
    }
    if (key == CTRL('g'))
        set_line(e, original);
    else
        draw(e);
    free(original);
    sb_free(&wanted);
    return key == CTRL('g') ? KEY_NONE : key;
}

/* Candidates in columns below the line, then the line again. */
static void list_candidates(struct editor *e, const struct completion *c)
{
    struct strbuf sb = {0};
    size_t width = 0;
    for (size_t i = 0; i < c->labels.n; i++)
        if (strlen(c->labels.v[i]) > width)
            width = strlen(c->labels.v[i]);
    width += 2;
    size_t across = e->screen.columns / width ? e->screen.columns / width : 1;
    size_t down = (c->labels.n + across - 1) / across;
    for (size_t row = 0; row < down; row++) {
        for (size_t i = row; i < c->labels.n; i += down)
            sb_printf(&sb, "%-*s", i + down < c->labels.n ? (int)width : 0, c->labels.v[i]);
        sb_add_str(&sb, "\r\n");
    }
    screen_leave(&e->screen, sb_str(&e->line), e->line.len);
    write_all(2, sb_str(&sb), sb.len);
    sb_free(&sb);
}

static void complete(struct editor *e)
{
    struct completion c;
    complete_find(sb_str(&e->line), e->at, &c);
    size_t typed = e->at - c.start;
    size_t common = complete_common(&c);
    if (c.words.n == 0) {
        write_all(2, "\a", 1);
    } else if (c.words.n == 1 || common > typed) {
        char *word = mem_strndup(c.words.v[0], common);
        erase(e, c.start, e->at);
        insert(e, word, common);
        free(word);
    } else {
        list_candidates(e, &c);
    }
    complete_free(&c);
    draw(e);
}

/* Keys that move or show something else. */
static bool handle_moving_key(struct editor *e, int key)
{
    switch (key) {
    case KEY_LEFT:
    case CTRL('b'):
        move_to(e, before(e, e->at));
        return true;
    case KEY_RIGHT:
    case CTRL('f'):
        move_to(e, after(e, e->at));
        return true;
    case KEY_HOME:
    case CTRL('a'):
        move_to(e, 0);
        return true;
    case KEY_END:
    case CTRL('e'):
        move_to(e, e->line.len);
        return true;
    case KEY_WORD_LEFT:
        move_to(e, word_left(e, e->at));
        return true;
    case KEY_WORD_RIGHT:
        move_to(e, word_right(e, e->at));
        return true;
    case KEY_UP:
    case CTRL('p'):
        if (e->history)
            show_history(e, e->history - 1);
        return true;
    case KEY_DOWN:
    case CTRL('n'):
        show_history(e, e->history + 1);
        return true;
    case CTRL('l'):
        screen_clear(&e->screen);
        draw(e);
        return true;
    default:
        return false;
    }
}

/* Keys that change the line. */
static void handle_editing_key(struct editor *e, int key)
{
    switch (key) {
    case KEY_BACKSPACE:
        erase(e, before(e, e->at), e->at);
        break;
    case KEY_DELETE:
        erase(e, e->at, after(e, e->at));
        break;
    case KEY_WORD_DELETE:
        cut(e, e->at, word_right(e, e->at));
        break;
    case CTRL('k'):
        cut(e, e->at, e->line.len);
        break;
    case CTRL('u'):
        cut(e, 0, e->at);
        break;
    case CTRL('w'):
        cut(e, argument_left(e, e->at), e->at);
        break;
    case CTRL('y'):
        paste(e);
        break;
    case '\t':
        complete(e);
        break;
    default:
        if (key >= ' ' && key < 256)
            insert_key(e, key);
    }
}

static enum outcome handle_key(struct editor *e, int key)
{
    if (key == CTRL('r'))
        key = search(e);
    if (key == KEY_ENTER)
        return EDIT_DONE;
    if (key == CTRL('c'))
        return EDIT_INTERRUPTED;
    if (key == KEY_END_OF_INPUT || (key == CTRL('d') && e->line.len == 0))
        return EDIT_END;
    if (key == CTRL('d'))
        key = KEY_DELETE;
    if (!handle_moving_key(e, key))
        handle_editing_key(e, key);
    return EDIT_GOES_ON;
}

static void finish(struct editor *e, enum outcome outcome, struct strbuf *out)
{
    if (outcome == EDIT_INTERRUPTED) {
        move_to(e, e->line.len);
        write_all(2, "^C", 2);
        sh.status = STATUS_SIGNAL + 2;
        sh.flow = FLOW_ABORT;
    }
    if (outcome != EDIT_END)
        screen_leave(&e->screen, sb_str(&e->line), e->line.len);
    if (outcome == EDIT_DONE) {
        history_add(sb_str(&e->line));
        sb_add_str(out, sb_str(&e->line));
        sb_add(out, '\n');
    }
}

void edit_read_line(const char *prompt, struct strbuf *out)
{
    struct editor e = {.history = history_count()};
    enum outcome outcome = EDIT_GOES_ON;
    if (!key_enter_raw())
        return;
    screen_start(&e.screen, prompt);
    draw(&e);
    while (outcome == EDIT_GOES_ON)
        outcome = handle_key(&e, key_read());
    finish(&e, outcome, out);
    key_leave_raw();
    sb_free(&e.line);
    free(e.typed);
}
