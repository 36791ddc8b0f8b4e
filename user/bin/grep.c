/*
 * grep [-EFGivnclLqrRhHowxs] [-m max] [-e pattern] [-f file] pattern [file ...]
 *
 * Lines that match one of the patterns (each line of a pattern is one).  Status 0: some line was
 * selected, 1: none, 2: an error.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct options {
    int extended, fixed, icase, invert, number, count, list, list_without, quiet, recursive;
    int no_name, with_name, only, word, whole, silent;
    long max;
} opt = {.max = LONG_MAX};

static regex_t *patterns;
static size_t pattern_count;
static int selected_any, had_error;

static void fail(const char *name)
{
    if (!opt.silent)
        warn("%s", name);
    had_error = 1;
}

/* A fixed string becomes a basic expression with its special characters escaped. */
static char *quote(const char *text)
{
    char *out = malloc(2 * strlen(text) + 1), *p = out;

    if (!out)
        err(2, NULL);
    for (; *text; text++) {
        if (strchr(".[]*^$\\", *text))
            *p++ = '\\';
        *p++ = *text;
    }
    *p = 0;
    return out;
}

static void add_pattern(const char *text)
{
    char message[64];
    char *source = opt.fixed ? quote(text) : strdup(text);
    int flags = (opt.extended ? REG_EXTENDED : 0) | (opt.icase ? REG_ICASE : 0);

    patterns = realloc(patterns, (pattern_count + 1) * sizeof(*patterns));
    if (!patterns || !source)
        err(2, NULL);
    int error = regcomp(&patterns[pattern_count], source, flags);
    if (error) {
        regerror(error, NULL, message, sizeof(message));
        errx(2, "%s: %s", text, message);
    }
    pattern_count++;
    free(source);
}

static void add_pattern_lines(char *text)
{
    char *line;

    while ((line = strsep(&text, "\n")))
        add_pattern(line);
}

static int is_word(const char *line, size_t len, regoff_t at)
{
    return at >= 0 && at < (regoff_t)len && (isalnum((unsigned char)line[at]) || line[at] == '_');
}

/* Does the match satisfy -w or -x? */
static int acceptable(const char *line, size_t len, const regmatch_t *m)
{
    if (opt.whole)
        return m->rm_so == 0 && m->rm_eo == (regoff_t)len;
    if (opt.word)
        return !is_word(line, len, m->rm_so - 1) && !is_word(line, len, m->rm_eo);
    return 1;
}

/* The first acceptable match from `from` on, over all patterns. */
static int find(const char *line, size_t len, size_t from, regmatch_t *out)
{
    int found = 0;

    for (size_t i = 0; i < pattern_count; i++) {
        for (size_t start = from; start <= len;) {
            regmatch_t m = {.rm_so = start, .rm_eo = len};
            if (regexec(&patterns[i], line, 1, &m, REG_STARTEND) != 0)
                break;
            if (!acceptable(line, len, &m)) {
                start = m.rm_so + 1;
                continue;
            }
            if (!found || m.rm_so < out->rm_so ||
                (m.rm_so == out->rm_so && m.rm_eo > out->rm_eo))
                *out = m;
            found = 1;
            break;
        }
    }
    return found;
}

static void put_prefix(const char *name, long number)
{
    if (opt.with_name)
        printf("%s:", name);
    if (opt.number)
        printf("%ld:", number);
}

static void put_matches(const char *name, const char *line, size_t len, long number)
{
    regmatch_t m;

    for (size_t from = 0; from <= len && find(line, len, from, &m);) {
        if (m.rm_eo > m.rm_so) {
            put_prefix(name, number);
            printf("%.*s\n", (int)(m.rm_eo - m.rm_so), line + m.rm_so);
        }
        from = m.rm_eo > m.rm_so ? m.rm_eo : m.rm_eo + 1;
    }
}

/* Returns the number of selected lines. */
static long scan(FILE *f, const char *name)
{
    static char *line;
    static size_t size;
    int silent = opt.quiet || opt.count || opt.list || opt.list_without;
    long number = 0, count = 0;
    regmatch_t m;
    ssize_t len;

    while (count < opt.max && (len = getline(&line, &size, f)) >= 0) {
        number++;
        if (len && line[len - 1] == '\n')
            line[--len] = 0;
        if (find(line, len, 0, &m) == opt.invert)
            continue;
        count++;
        if (opt.quiet || opt.list || opt.list_without)
            break;
        if (silent)
            continue;
        if (opt.only && !opt.invert) {
            put_matches(name, line, len, number);
        } else if (!opt.only) {
            put_prefix(name, number);
            fwrite(line, 1, len, stdout);
            putchar('\n');
        }
    }
    return count;
}

static void search(FILE *f, const char *name)
{
    long count = scan(f, name);

    if (ferror(f))
        fail(name);
    if (opt.list_without ? !count : count)
        selected_any = 1;
    if (opt.quiet && count)
        exit(0);
    if (opt.count) {
        if (opt.with_name)
            printf("%s:", name);
        printf("%ld\n", count);
    }
    if ((opt.list && count) || (opt.list_without && !count))
        puts(name);
}

static void search_path(const char *path);

static void search_directory(const char *path)
{
    char full[PATH_MAX];
    struct dirent **list;
    int count = scandir(path, &list, NULL, alphasort);

    if (count < 0) {
        fail(path);
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        /* links inside a directory are not followed: they could lead in circles */
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && list[i]->d_type != DT_LNK) {
            snprintf(full, sizeof(full), "%s/%s", path, name);
            search_path(full);
        }
        free(list[i]);
    }
    free(list);
}

static void search_path(const char *path)
{
    struct stat st;

    if (strcmp(path, "-") == 0) {
        search(stdin, "(standard input)");
        return;
    }
    FILE *f = fopen(path, "r");
    if (!f || fstat(fileno(f), &st) < 0) {
        fail(path);
    } else if (S_ISDIR(st.st_mode) && opt.recursive) {
        search_directory(path);
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        fail(path);
    } else {
        search(f, path);
    }
    if (f)
        fclose(f);
}

static void read_patterns(const char *path, char **text)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    size_t size = 0;

    *text = NULL;
    if (!f)
        err(2, "%s", path);
    ssize_t len = getdelim(text, &size, 0, f);
    if (len > 0 && (*text)[len - 1] == '\n')
        (*text)[len - 1] = 0;
}

static void parse_options(int argc, char **argv, char **expressions, char **from_file)
{
    int c;

    while ((c = getopt(argc, argv, "EFGivnclLqrRhHowxse:f:m:")) != -1) {
        switch (c) {
        case 'E': opt.extended = 1; break;
        case 'F': opt.fixed = 1; break;
        case 'G': opt.extended = opt.fixed = 0; break;
        case 'i': opt.icase = 1; break;
        case 'v': opt.invert = 1; break;
        case 'n': opt.number = 1; break;
        case 'c': opt.count = 1; break;
        case 'l': opt.list = 1; break;
        case 'L': opt.list_without = 1; break;
        case 'q': opt.quiet = 1; break;
        case 'r': case 'R': opt.recursive = 1; break;
        case 'h': opt.no_name = 1; break;
        case 'H': opt.with_name = 1; break;
        case 'o': opt.only = 1; break;
        case 'w': opt.word = 1; break;
        case 'x': opt.whole = 1; break;
        case 's': opt.silent = 1; break;
        case 'm': opt.max = atol(optarg); break;
        case 'f': read_patterns(optarg, from_file); break;
        case 'e':
            if (*expressions && asprintf(expressions, "%s\n%s", *expressions, optarg) < 0)
                err(2, NULL);
            if (!*expressions)
                *expressions = optarg;
            break;
        default: exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    char *expressions = NULL, *from_file = NULL;

    parse_options(argc, argv, &expressions, &from_file);
    if (!expressions && !from_file) {
        if (optind == argc)
            errx(2, "usage: grep [-EFivnclqroHhwx] pattern [file ...]");
        expressions = argv[optind++];
    }
    if (expressions)
        add_pattern_lines(expressions);
    if (from_file)
        add_pattern_lines(from_file);
    int several = opt.recursive || argc - optind > 1;
    opt.with_name = !opt.no_name && (opt.with_name || several);
    if (optind == argc)
        search_path(opt.recursive ? "." : "-");
    for (; optind < argc; optind++)
        search_path(argv[optind]);
    if (fflush(stdout) == EOF)
        err(2, "write error");
    return had_error ? 2 : !selected_any;
}
