/*
 * The format of crontab(5):
 *
 *   minute hour day-of-month month day-of-week [user] command
 *
 *   field   *   5   1-5   1-31/2   1,15,20-25   and for months and weekdays names: jan, mon
 *           7 is Sunday, as 0 is.  When both days are restricted, either will do.
 *   @reboot @hourly @daily @weekly @monthly @yearly instead of the five
 *   NAME=value sets a variable, # begins a comment, \% is a percent sign (a plain one ends the
 *   command, as in cron; what would follow is not supported as input)
 *
 * A sixth word that is a user's name is the user, so that /etc/crontab of other systems works.
 */
#include "cron.h"
#include <ctype.h>
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tools.h>

struct field {
    int low, high;
    const char *names; /* three letters each, from `low` on */
};

static const struct field fields[5] = {
    {0, 59, NULL},
    {0, 23, NULL},
    {1, 31, NULL},
    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {0, 7, "sunmontuewedthufrisat"},
};

static int parse_value(const struct field *f, const char **text)
{
    for (int i = 0; f->names && f->names[3 * i]; i++)
        if (strncasecmp(*text, f->names + 3 * i, 3) == 0 && !isalnum((unsigned char)(*text)[3])) {
            *text += 3;
            return f->low + i;
        }
    char *end;
    if (!isdigit((unsigned char)**text))
        return -1;
    long value = strtol(*text, &end, 10);
    *text = end;
    return value >= f->low && value <= f->high ? (int)value : -1;
}

/* "*", "5", "1-5", each with "/step". Adds to *bits. */
static int parse_part(const struct field *f, const char **text, uint64_t *bits)
{
    int from = f->low, to = f->high, step = 1;

    if (**text == '*') {
        ++*text;
    } else {
        from = to = parse_value(f, text);
        if (**text == '-') {
            ++*text;
            to = parse_value(f, text);
        } else if (**text == '/') {
            to = f->high;
        }
    }
    if (**text == '/') {
        ++*text;
        step = isdigit((unsigned char)**text) ? (int)strtol(*text, (char **)text, 10) : 0;
    }
    if (from < 0 || to < from || step < 1)
        return -1;
    for (int i = from; i <= to; i += step)
        *bits |= 1UL << i;
    return 0;
}

static int parse_field(const struct field *f, const char **text, uint64_t *bits)
{
    *bits = 0;
    for (;;) {
        if (parse_part(f, text, bits) < 0)
            return -1;
        if (**text != ',')
            return **text == ' ' || **text == '\t' ? 0 : -1;
        ++*text;
    }
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

static int parse_times(const char **text, struct job *j)
{
    uint64_t bits[5];
    int star[5];

    for (int i = 0; i < 5; i++) {
        *text = skip_blanks(*text);
        star[i] = **text == '*';
        if (parse_field(&fields[i], text, &bits[i]) < 0)
            return -1;
    }
    j->minutes = bits[0];
    j->hours = (uint32_t)bits[1];
    j->days = (uint32_t)bits[2];
    j->months = (uint32_t)bits[3];
    j->weekdays = (uint32_t)(bits[4] | bits[4] >> 7) & 0x7f;
    j->any_day = star[2];
    j->any_weekday = star[4];
    return 0;
}

static int parse_nickname(const char **text, struct job *j)
{
    static const struct {
        const char *name, *times;
    } names[] = {
        {"@yearly", "0 0 1 1 * "}, {"@annually", "0 0 1 1 * "}, {"@monthly", "0 0 1 * * "},
        {"@weekly", "0 0 * * 0 "}, {"@daily", "0 0 * * * "},    {"@midnight", "0 0 * * * "},
        {"@hourly", "0 * * * * "}, {"@reboot", NULL},
    };
    size_t len = strcspn(*text, " \t");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i].name) != len || strncmp(*text, names[i].name, len) != 0)
            continue;
        *text += len;
        j->at_start = !names[i].times;
        const char *times = names[i].times;
        return times ? parse_times(&times, j) : 0;
    }
    return -1;
}

static char *must_copy(const char *s, size_t n)
{
    char *copy = strndup(s, n);

    if (!copy)
        err(1, NULL);
    return copy;
}

/* Up to the first plain percent sign; "\%" becomes "%". */
static char *parse_command(const char *text)
{
    char *command = must_copy(text, strlen(text)), *out = command;

    for (const char *in = text; *in && *in != '%'; in++) {
        if (in[0] == '\\' && in[1] == '%')
            in++;
        *out++ = *in;
    }
    *out = 0;
    return command;
}

static int parse_job(const char *text, struct job *j)
{
    if ((*text == '@' ? parse_nickname(&text, j) : parse_times(&text, j)) < 0)
        return -1;
    text = skip_blanks(text);
    char *word = must_copy(text, strcspn(text, " \t"));
    const char *rest = skip_blanks(text + strlen(word));
    if (*rest && getpwnam(word)) {
        j->user = word;
        text = rest;
    } else {
        free(word);
    }
    j->command = parse_command(text);
    return *j->command ? 0 : -1;
}

/* NAME=value, blanks around the sign and quotes around the value allowed. 0 if it was one. */
static int parse_variable(const char *line, struct crontab *t)
{
    size_t len = 0;

    while (isalnum((unsigned char)line[len]) || line[len] == '_')
        len++;
    const char *value = skip_blanks(line + len);
    if (len == 0 || isdigit((unsigned char)*line) || *value != '=')
        return -1;
    value = skip_blanks(value + 1);
    size_t n = strlen(value);
    while (n && isspace((unsigned char)value[n - 1]))
        n--;
    if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
        value++;
        n -= 2;
    }
    struct text s = {0};
    text_printf(&s, "%.*s=%.*s", (int)len, line, (int)n, value);
    t->env = realloc(t->env, (t->env_count + 2) * sizeof(*t->env));
    if (!t->env)
        err(1, NULL);
    t->env[t->env_count++] = s.data;
    t->env[t->env_count] = NULL;
    return 0;
}

static void parse_line(const char *path, int number, const char *line, struct crontab *t)
{
    struct job j = {.line = number};

    line = skip_blanks(line);
    if (!*line || *line == '#' || parse_variable(line, t) == 0)
        return;
    if (parse_job(line, &j) < 0) {
        warnx("%s:%d: not understood: %s", path, number, line);
        free(j.user);
        free(j.command);
        return;
    }
    t->jobs = realloc(t->jobs, (t->count + 1) * sizeof(*t->jobs));
    if (!t->jobs)
        err(1, NULL);
    t->jobs[t->count++] = j;
}

int crontab_read(const char *path, struct crontab *t)
{
    char *text = read_whole(path, NULL);
    int number = 0;

    *t = (struct crontab){0};
    if (!text)
        return -1;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        parse_line(path, ++number, line, t);
    }
    free(text);
    return 0;
}

void crontab_free(struct crontab *t)
{
    for (int i = 0; i < t->count; i++) {
        free(t->jobs[i].user);
        free(t->jobs[i].command);
    }
    for (int i = 0; i < t->env_count; i++)
        free(t->env[i]);
    free(t->jobs);
    free(t->env);
    *t = (struct crontab){0};
}

int job_due(const struct job *j, const struct tm *now)
{
    int day = j->days >> now->tm_mday & 1, weekday = j->weekdays >> now->tm_wday & 1;

    if (!(j->minutes >> now->tm_min & 1) || !(j->hours >> now->tm_hour & 1) ||
        !(j->months >> (now->tm_mon + 1) & 1))
        return 0;
    return j->any_day || j->any_weekday ? day && weekday : day || weekday;
}
