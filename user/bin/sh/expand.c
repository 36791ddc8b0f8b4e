/*
 * Word expansion: walks the parts of a word and feeds text to field.c.
 *
 * Each part is either literal or an expansion, quoted or not; field.c does what that means. The
 * word inside ${x-word} is expanded in place, so its own quotes keep their meaning.
 */
#include "expand.h"

#include <ctype.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "exec.h"
#include "field.h"
#include "options.h"
#include "shell.h"
#include "var.h"

static void expand_parts(struct fields *f, const struct part *part, bool inside);

const char *expand_parameter(const char *name)
{
    static char number[24];
    if (isdigit((unsigned char)*name)) {
        long n = number_parse(name);
        if (n == 0)
            return sh.name;
        return n > 0 && (size_t)n <= sh.params.n ? sh.params.v[n - 1] : NULL;
    }
    switch (*name) {
    case '#':
        snprintf(number, sizeof number, "%zu", sh.params.n);
        return number;
    case '?':
        snprintf(number, sizeof number, "%d", sh.status);
        return number;
    case '$':
        snprintf(number, sizeof number, "%d", (int)sh.pid);
        return number;
    case '!':
        snprintf(number, sizeof number, "%d", (int)sh.last_background);
        return sh.last_background ? number : NULL;
    case '-':
        return options_letters();
    default:
        return var_get(name);
    }
}

static bool is_params(const char *name)
{
    return (*name == '@' || *name == '*') && name[1] == '\0';
}

/* All positional parameters in one string. "$*" takes the first IFS character between them. */
static char *join_params(bool star)
{
    char between = star ? *fields_ifs() : ' ';
    struct strbuf sb = {0};
    for (size_t i = 0; i < sh.params.n; i++) {
        if (i && between)
            sb_add(&sb, between);
        sb_add_str(&sb, sh.params.v[i]);
    }
    return sb_take(&sb);
}

static void emit(struct fields *f, const char *text, bool quoted)
{
    if (quoted)
        fields_literal(f, text, true);
    else
        fields_split(f, text);
}

/* $@ and $*: a field each, or one joined string where there are no fields or in "$*". */
static void emit_params(struct fields *f, bool star, bool quoted)
{
    if (f->mode != FIELD_SPLIT || (star && quoted)) {
        char *joined = join_params(star);
        emit(f, joined, quoted);
        free(joined);
        return;
    }
    for (size_t i = 0; i < sh.params.n; i++) {
        if (i)
            fields_break(f);
        emit(f, sh.params.v[i], quoted);
    }
}

static void expand_word_alone(struct fields *f, const struct word *w, enum field_mode mode)
{
    fields_init(f, mode, NULL);
    expand_parts(f, w->parts, false);
}

/* value without what the pattern matches at its beginning or end. */
static char *trim(const char *value, const char *pattern, enum param_op op)
{
    char *copy = mem_strdup(value);
    size_t len = strlen(value);
    bool suffix = op == PARAM_SUFFIX || op == PARAM_SUFFIX_LONG;
    bool down = op == PARAM_SUFFIX || op == PARAM_PREFIX_LONG;
    for (size_t n = 0; n <= len; n++) {
        size_t at = down ? len - n : n;
        char saved = copy[at];
        if (!suffix)
            copy[at] = '\0';
        bool match = fnmatch(pattern, suffix ? copy + at : copy, 0) == 0;
        copy[at] = saved;
        if (!match)
            continue;
        if (suffix)
            copy[at] = '\0';
        else
            memmove(copy, copy + at, len - at + 1);
        break;
    }
    return copy;
}

static void expand_trim(struct fields *f, const struct part *part, const char *value)
{
    char *kept = mem_strdup(value);
    char *pattern = expand_pattern(part->arg);
    char *text = trim(kept, pattern, part->op);
    emit(f, text, part->quoted);
    free(text);
    free(pattern);
    free(kept);
}

static void expand_error(const struct part *part)
{
    char *text = expand_string(part->arg);
    if (sh.flow != FLOW_ABORT)
        shell_fail(STATUS_MISUSE, "%s: %s", part->text, *text ? text : "parameter not set");
    free(text);
}

static void expand_assign(struct fields *f, const struct part *part)
{
    if (!name_valid(part->text)) {
        shell_fail(STATUS_MISUSE, "%s: cannot assign in this way", part->text);
        return;
    }
    char *text = expand_string(part->arg);
    if (sh.flow != FLOW_ABORT && var_set(part->text, text) < 0) {
        sh.status = STATUS_MISUSE;
        sh.flow = FLOW_ABORT;
    }
    emit(f, text, part->quoted);
    free(text);
}

/* What the parameter is without its operator. */
static void emit_value(struct fields *f, const struct part *part, const char *value)
{
    if (is_params(part->text))
        emit_params(f, *part->text == '*', part->quoted);
    else if (value)
        emit(f, value, part->quoted);
    else if (part->quoted)
        f->started = true;
}

static void expand_length(struct fields *f, const struct part *part, const char *value)
{
    char number[24];
    size_t len = is_params(part->text) ? sh.params.n : strlen(value ? value : "");
    snprintf(number, sizeof number, "%zu", len);
    emit(f, number, part->quoted);
}

/* ${x-w} ${x=w} ${x+w} ${x?w} */
static void expand_conditional(struct fields *f, const struct part *part, const char *value)
{
    bool unset = !value || (part->colon && !*value);
    if (part->op == PARAM_ALTERNATE ? unset : !unset) {
        if (part->op != PARAM_ALTERNATE)
            emit_value(f, part, value);
        else if (part->quoted)
            f->started = true;
    } else if (part->op == PARAM_ASSIGN) {
        expand_assign(f, part);
    } else if (part->op == PARAM_ERROR) {
        expand_error(part);
    } else {
        if (part->quoted)
            f->started = true;
        expand_parts(f, part->arg->parts, true);
    }
}

static void expand_param(struct fields *f, const struct part *part)
{
    char *joined = NULL;
    const char *value;
    if (is_params(part->text))
        value = joined = sh.params.n ? join_params(*part->text == '*') : NULL;
    else
        value = expand_parameter(part->text);
    bool conditional = part->op >= PARAM_DEFAULT && part->op <= PARAM_ERROR;
    if (!value && !conditional && shell_option(OPT_NOUNSET) && !is_params(part->text))
        shell_fail(STATUS_MISUSE, "%s: parameter not set", part->text);
    else if (conditional)
        expand_conditional(f, part, value);
    else if (part->op == PARAM_LENGTH)
        expand_length(f, part, value);
    else if (part->op == PARAM_PLAIN)
        emit_value(f, part, value);
    else
        expand_trim(f, part, value ? value : "");
    free(joined);
}

static void expand_command(struct fields *f, const struct part *part)
{
    struct strbuf out = {0};
    exec_substitute(part->body, &out);
    while (out.len && out.data[out.len - 1] == '\n')
        out.data[--out.len] = '\0';
    emit(f, sb_str(&out), part->quoted);
    sb_free(&out);
}

static void expand_arith(struct fields *f, const struct part *part)
{
    char number[24];
    long long value;
    char *text = expand_string(part->arg);
    if (sh.flow != FLOW_ABORT && arith_eval(text, &value)) {
        snprintf(number, sizeof number, "%lld", value);
        emit(f, number, part->quoted);
    }
    free(text);
}

static const char *user_home(const char *s, size_t len)
{
    char *name = mem_strndup(s, len);
    const struct passwd *user = getpwnam(name);
    free(name);
    return user ? user->pw_dir : NULL;
}

/*
 * A tilde at the start of text becomes a directory; what is left of text is returned. ends are
 * the characters after which the tilde word is over; last says that the end of text is one too.
 */
static const char *expand_tilde(struct fields *f, const char *text, const char *ends, bool last)
{
    size_t len = strcspn(text, ends);
    const char *home = NULL;
    if (text[len] == '\0' && !last)
        return text;
    if (len == 1)
        home = var_get("HOME");
    else if (len == 2 && text[1] == '+')
        home = var_get("PWD");
    else if (len == 2 && text[1] == '-')
        home = var_get("OLDPWD");
    else
        home = user_home(text + 1, len - 1);
    if (!home)
        return text;
    fields_literal(f, home, true);
    return text + len;
}

/* Text outside quotes, where tildes count. first: it begins the word. */
static void expand_text(struct fields *f, const struct part *part, bool first)
{
    const char *s = part->text;
    bool assignment = f->mode == FIELD_ASSIGNMENT;
    bool equals = false;
    if (first && *s == '~')
        s = expand_tilde(f, s, assignment ? "/:" : "/", !part->next);
    if (!assignment) {
        fields_literal(f, s, false);
        return;
    }
    while (*s) {
        size_t len = strcspn(s, ":=");
        len += s[len] != '\0';
        char *piece = mem_strndup(s, len);
        fields_literal(f, piece, false);
        free(piece);
        bool tilde = s[len] == '~' && (s[len - 1] == ':' || (s[len - 1] == '=' && !equals));
        equals |= s[len - 1] == '=';
        s += len;
        if (tilde)
            s = expand_tilde(f, s, "/:", !part->next);
    }
}

/* inside: the parts are those of ${x-word}, where text is split like any other expansion. */
static void expand_parts(struct fields *f, const struct part *part, bool inside)
{
    for (bool first = true; part && sh.flow != FLOW_ABORT; part = part->next, first = false) {
        switch (part->type) {
        case PART_TEXT:
            if (part->quoted)
                fields_literal(f, part->text, true);
            else if (inside && !(first && *part->text == '~'))
                fields_split(f, part->text);
            else
                expand_text(f, part, first);
            break;
        case PART_PARAM:
            expand_param(f, part);
            break;
        case PART_COMMAND:
            expand_command(f, part);
            break;
        case PART_ARITH:
            expand_arith(f, part);
            break;
        }
    }
}

void expand_words(const struct word *words, struct strvec *out)
{
    struct fields f;
    for (; words && sh.flow != FLOW_ABORT; words = words->next) {
        fields_init(&f, FIELD_SPLIT, out);
        expand_parts(&f, words->parts, false);
        fields_break(&f);
        sb_free(&f.text);
    }
}

char *expand_string(const struct word *w)
{
    struct fields f;
    expand_word_alone(&f, w, FIELD_STRING);
    return sb_take(&f.text);
}

char *expand_assignment(const struct word *w)
{
    struct fields f;
    expand_word_alone(&f, w, FIELD_ASSIGNMENT);
    return sb_take(&f.text);
}

char *expand_pattern(const struct word *w)
{
    struct fields f;
    expand_word_alone(&f, w, FIELD_PATTERN);
    return sb_take(&f.text);
}
