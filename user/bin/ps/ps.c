/*
 * ps [-e|-A] [-f|-l|-j] [-o column,...] [--sort [-]column,...] [-p pid,...] [-u user,...]
 *    [-C name,...] [-t tty,...] [--no-headers]
 * ps [a][u][x][j][l] ...: processes, from /proc.
 *
 * Without options: those of this terminal.  A column may have its own heading, `-o pid=NUMBER`.
 */
#include "ps.h"
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct field {
    const struct column *column;
    const char *heading; /* NULL: the column's */
    int reverse;         /* as a sort key */
};

struct list {
    struct field *field;
    size_t count;
};

static struct list shown_fields, sort_keys;
static struct {
    int all, no_heading, wide;
    int own_tty, with_tty; /* of this terminal; of any (BSD's a) */
    char *pids, *users, *names, *ttys;
} opt;

static void append(struct list *list, struct field f)
{
    list->field = reallocarray(list->field, list->count + 1, sizeof(f));
    if (!list->field)
        err(1, NULL);
    list->field[list->count++] = f;
}

/* "pid,comm=NAME", or as sort keys "-rss,pid". */
static void add_fields(struct list *list, const char *text, int sorting)
{
    while (*text) {
        struct field f = {NULL, NULL, 0};
        if (sorting && (*text == '-' || *text == '+'))
            f.reverse = *text++ == '-';
        size_t len = strcspn(text, sorting ? "," : ",= ");
        f.column = find_column(text, len);
        if (!f.column)
            errx(1, sorting ? "unknown sort specifier \"%.*s\""
                            : "unknown user-defined format specifier \"%.*s\"", (int)len, text);
        text += len;
        if (*text == '=') {
            f.heading = strndup(text + 1, strcspn(text + 1, ","));
            text += 1 + strlen(f.heading ? f.heading : "");
        }
        text += *text != 0;
        append(list, f);
    }
}

static void layout(const char *names)
{
    shown_fields.count = 0;
    add_fields(&shown_fields, names, 0);
}

/* Is the number or word in the list "a,b,c"? */
static int in_list(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; p; p = strpbrk(p, ", ")) {
        p += p != list;
        if (strncmp(p, word, len) == 0 && (!p[len] || p[len] == ',' || p[len] == ' '))
            return 1;
    }
    return 0;
}

static int wanted(const struct process_stat *p, const struct process_stat *self)
{
    char pid[16], uid[16];

    if (opt.pids || opt.users || opt.names || opt.ttys) {
        snprintf(pid, sizeof(pid), "%d", p->pid);
        snprintf(uid, sizeof(uid), "%u", p->uid);
        return (opt.pids && in_list(opt.pids, pid)) ||
               (opt.users && (in_list(opt.users, uid) || in_list(opt.users, user_name(p->uid)))) ||
               (opt.names && in_list(opt.names, p->name)) ||
               (opt.ttys && in_list(opt.ttys, tty_name(p->tty)));
    }
    if (opt.all)
        return 1;
    return p->uid == self->uid && (opt.with_tty ? p->tty != 0 : p->tty == self->tty);
}

static int compare(const void *a, const void *b)
{
    struct shown *x = (struct shown *)a, *y = (struct shown *)b;

    for (size_t i = 0; i < sort_keys.count; i++) {
        const struct column *c = sort_keys.field[i].column;
        int order;
        if (c->number) {
            double m = c->number(x), n = c->number(y);
            order = (m > n) - (m < n);
        } else {
            char s[256], t[256];
            c->text(x, s, sizeof(s));
            c->text(y, t, sizeof(t));
            order = strcmp(s, t);
        }
        if (order)
            return sort_keys.field[i].reverse ? -order : order;
    }
    return x->stat.pid - y->stat.pid;
}

static int column_width(const struct field *f)
{
    static int pid_width;
    int own = f->heading ? (int)strlen(f->heading) : 0, width = f->column->width;

    if (width == PID_WIDTH && !pid_width) {
        char *max = read_whole("/proc/sys/kernel/pid_max", NULL);
        pid_width = max ? (int)strspn(max, "0123456789") : 0;
        pid_width = pid_width < 5 ? 5 : pid_width;
        free(max);
    }
    width = width == PID_WIDTH ? pid_width : width;
    return width > own ? width : own;
}

/* Appends a cell; what one column overflows, the next gives back. The last column is not filled. */
static void put_cell(char *line, size_t size, const struct field *f, const char *text, int last,
                     int *debt)
{
    size_t used = strlen(line);
    int width = column_width(f);
    int len = strlen(text), room = width - *debt > len ? width - *debt : len;

    *debt += room - width;
    if (f->column->right)
        snprintf(line + used, size - used, "%*s", room, text);
    else
        snprintf(line + used, size - used, "%-*s", last ? 0 : room, text);
    if (!last)
        strlcat(line, " ", size);
}

static void put_line(struct shown *p, int columns)
{
    static char line[16384], text[8192];
    int debt = 0;

    *line = 0;
    for (size_t i = 0; i < shown_fields.count; i++) {
        const struct field *f = &shown_fields.field[i];
        if (p)
            f->column->text(p, text, sizeof(text));
        else
            strlcpy(text, f->heading ? f->heading : f->column->heading, sizeof(text));
        put_cell(line, sizeof(line), f, text, i + 1 == shown_fields.count, &debt);
    }
    if (columns)
        line[columns] = 0;
    puts(line);
}

static int any_heading(void)
{
    for (size_t i = 0; i < shown_fields.count; i++) {
        const char *own = shown_fields.field[i].heading;
        if (!own || *own)
            return 1;
    }
    return 0;
}

static void show_all(void)
{
    struct process_stat self;
    size_t count, kept = 0;
    int rows, columns = 0;

    if (read_process(getpid(), &self) < 0)
        errx(1, "/proc is not mounted");
    struct process_stat *all = read_processes(&count);
    struct shown *shown = calloc(count, sizeof(*shown));
    if (!shown)
        err(1, NULL);
    for (size_t i = 0; i < count; i++) {
        if (wanted(&all[i], &self))
            shown[kept++].stat = all[i];
    }
    free(all);
    qsort(shown, kept, sizeof(*shown), compare);
    if (isatty(STDOUT_FILENO) && !opt.wide)
        terminal_size(&rows, &columns);
    if (!opt.no_heading && any_heading())
        put_line(NULL, columns);
    for (size_t i = 0; i < kept; i++)
        put_line(&shown[i], columns);
    if (fflush(stdout) == EOF)
        exit(1);
    if (!kept)
        exit(1);
}

#define BSD_USER "user,pid,%cpu,%mem,vsz,rss,tname,stat,bsdstart,bsdtime,command"
#define BSD_LONG "f,uid,pid,ppid,priority,ni,vsz,rss,wchan,stat,tname,bsdtime,command"
#define BSD_JOBS "ppid,pid,pgid,sid,tname,tpgid,stat,uid,bsdtime,command"
#define BSD      "pid,tname,stat,bsdtime,command"
#define FULL     "UID,pid,ppid,c,stime,tname,time,cmd"
#define LONG     "f,s,uid,pid,ppid,c,opri,ni,addr,sz,wchan,tname,time,ucmd"
#define JOBS     "pid,pgid,sid,tname,time,ucmd"

/* A word without dash: "aux", "ax", "o". Returns whether the next argument was taken. */
static int bsd_word(const char *word, char *next)
{
    const char *form = BSD;
    int a = 0, x = 0, own = 0, taken = 0;

    if (isdigit((unsigned char)*word)) {
        opt.pids = (char *)word;
        layout(BSD);
        return 0;
    }
    for (; *word; word++) {
        switch (*word) {
        case 'a': a = 1; break;
        case 'x': x = 1; break;
        case 'u': form = BSD_USER; break;
        case 'l': form = BSD_LONG; break;
        case 'j': form = BSD_JOBS; break;
        case 'w': opt.wide = 1; break;
        case 'h': opt.no_heading = 1; break;
        case 'e': case 'r': break;
        case 'o':
            if (!next)
                errx(1, "format specification must follow o");
            add_fields(&shown_fields, next, 0);
            own = taken = 1;
            break;
        default: errx(1, "unsupported option (BSD syntax)");
        }
    }
    opt.all |= a && x;
    opt.with_tty |= a;
    if (!own)
        layout(form);
    return taken;
}

static void parse_options(int argc, char **argv)
{
    static const struct option longs[] = {
        {"sort", required_argument, NULL, 'S'},   {"no-headers", no_argument, NULL, 'H'},
        {"no-heading", no_argument, NULL, 'H'},   {"format", required_argument, NULL, 'o'},
        {"pid", required_argument, NULL, 'p'},    {"user", required_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "eAafljwp:u:U:C:t:o:", longs, NULL)) != -1) {
        switch (c) {
        case 'e': case 'A': opt.all = 1; break;
        case 'a': opt.with_tty = 1; break;
        case 'f': layout(FULL); break;
        case 'l': layout(LONG); break;
        case 'j': layout(JOBS); break;
        case 'w': opt.wide = 1; break;
        case 'p': opt.pids = optarg; break;
        case 'u': case 'U': opt.users = optarg; break;
        case 'C': opt.names = optarg; break;
        case 't': opt.ttys = optarg; break;
        case 'o': add_fields(&shown_fields, optarg, 0); break;
        case 'S': add_fields(&sort_keys, optarg, 1); break;
        case 'H': opt.no_heading = 1; break;
        default: errx(1, "usage: ps [-ef] [-o columns] [--sort columns] [-p pids]  or  ps aux");
        }
    }
    for (; optind < argc; optind++)
        optind += bsd_word(argv[optind], argv[optind + 1]);
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    if (!shown_fields.count)
        layout("pid,tname,time,ucmd");
    show_all();
    return 0;
}
