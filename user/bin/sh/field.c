/*
 * Field splitting (POSIX 2.6.5) as a state machine over the characters of an expansion.
 *
 * A delimiter is one non-space IFS character with IFS spaces on both sides, or a run of spaces:
 *
 *     "a : b"   the space ends a field and sets after_space, the colon then belongs to it
 *     "a::b"    the second colon ends an empty field
 *     "a:"      nothing is started after the colon, so no empty field at the end
 *
 * A field is kept as a pattern, so that quoted * and ? survive until files are looked up.
 */
#include "field.h"

#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "shell.h"
#include "var.h"

void fields_init(struct fields *f, enum field_mode mode, struct strvec *out)
{
    *f = (struct fields){.mode = mode, .out = out};
}

const char *fields_ifs(void)
{
    return var_get_or("IFS", " \t\n");
}

static void add_quoted(struct strbuf *sb, const char *s)
{
    for (; *s; s++) {
        if (strchr("*?[]\\-!^", *s))
            sb_add(sb, '\\');
        sb_add(sb, *s);
    }
}

void fields_literal(struct fields *f, const char *s, bool quoted)
{
    bool pattern = f->mode == FIELD_SPLIT || f->mode == FIELD_PATTERN;
    if (quoted && pattern)
        add_quoted(&f->text, s);
    else
        sb_add_str(&f->text, s);
    f->started |= quoted || *s;
}

static void field_finish(struct fields *f)
{
    bool magic = !shell_option(OPT_NOGLOB) && pattern_is_magic(sb_str(&f->text));
    if (!magic || glob_files(f->text.data, f->out) == 0) {
        char *text = mem_strndup(sb_str(&f->text), f->text.len);
        pattern_unquote(text);
        sv_push(f->out, text);
    }
    sb_clear(&f->text);
    f->started = false;
}

void fields_break(struct fields *f)
{
    if (f->started)
        field_finish(f);
    f->after_space = false;
}

static void split_delimiter(struct fields *f, char c)
{
    if (strchr(" \t\n", c)) {
        if (!f->started)
            return;
        field_finish(f);
        f->after_space = true;
    } else if (f->after_space && !f->started) {
        f->after_space = false;
    } else {
        field_finish(f);
    }
}

void fields_split(struct fields *f, const char *s)
{
    if (f->mode != FIELD_SPLIT) {
        sb_add_str(&f->text, s);
        return;
    }
    const char *ifs = fields_ifs();
    for (; *s; s++) {
        if (strchr(ifs, *s)) {
            split_delimiter(f, *s);
            continue;
        }
        if (*s == '\\')
            sb_add(&f->text, '\\');
        sb_add(&f->text, *s);
        f->started = true;
    }
}
