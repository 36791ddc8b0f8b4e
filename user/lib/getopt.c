/*
 * getopt and getopt_long.
 *
 * Options may stand after operands, as GNU tools have it: operands passed over are moved behind the
 * options.  A '+' at the start of the option string stops at the first operand instead.
 */
#include <err.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static const char *cluster; /* rest of "-abc" */

/* Moves argv[from .. from + count) in front of argv[to]. */
static void move_down(char **argv, int to, int from, int count)
{
    for (; count; count--, to++, from++) {
        char *arg = argv[from];
        memmove(argv + to + 1, argv + to, (from - to) * sizeof(*argv));
        argv[to] = arg;
    }
}

static int complain(const char *spec, const char *what, const char *name, int len)
{
    if (opterr && *spec != ':')
        warnx("%s -- '%.*s'", what, len, name);
    return '?';
}

/* What there is, for whoever tries an option that there is not: --help above all. */
static int list_options(const char *spec)
{
    if (opterr && *spec != ':') {
        fputs("options:", stderr);
        for (spec += strspn(spec, "+-"); *spec; spec += 1 + strspn(spec + 1, ":"))
            fprintf(stderr, spec[1] == ':' ? " -%c value" : " -%c", *spec);
        fputc('\n', stderr);
    }
    return '?';
}

static int short_option(int argc, char *const argv[], const char *spec)
{
    char c = *cluster++;
    const char *known = c == ':' || c == '-' ? NULL : strchr(spec, c);

    optopt = c;
    if (!known) {
        complain(spec, "invalid option", &c, 1);
        return list_options(spec);
    }
    if (known[1] != ':')
        return c;
    if (*cluster || known[2] == ':') {
        optarg = *cluster ? (char *)cluster : NULL;
    } else if (optind < argc) {
        optarg = argv[optind++];
    } else {
        complain(spec, "option requires an argument", &c, 1);
        return *spec == ':' ? ':' : '?';
    }
    cluster = NULL;
    return c;
}

/* The option that name matches: exactly, or as the only one it abbreviates. */
static const struct option *find_long(const struct option *opts, const char *name, size_t len,
                                      int *ambiguous)
{
    const struct option *found = NULL;

    *ambiguous = 0;
    for (; opts->name; opts++) {
        if (strncmp(opts->name, name, len) != 0)
            continue;
        if (!opts->name[len]) {
            *ambiguous = 0;
            return opts;
        }
        *ambiguous |= found != NULL;
        found = opts;
    }
    return found;
}

static int long_option(int argc, char *const argv[], const char *spec, const struct option *opts,
                       int *index, const char *name)
{
    size_t len = strcspn(name, "=");
    int ambiguous;
    const struct option *o = find_long(opts, name, len, &ambiguous);

    optopt = 0;
    if (!o || ambiguous)
        return complain(spec, o ? "ambiguous option" : "unrecognized option", name, (int)len);
    if (name[len] && o->has_arg == no_argument)
        return complain(spec, "option takes no argument", name, (int)len);
    if (name[len]) {
        optarg = (char *)name + len + 1;
    } else if (o->has_arg == required_argument) {
        if (optind >= argc) {
            optopt = o->val;
            complain(spec, "option requires an argument", name, (int)len);
            return *spec == ':' ? ':' : '?';
        }
        optarg = argv[optind++];
    }
    if (index)
        *index = (int)(o - opts);
    if (!o->flag)
        return o->val;
    *o->flag = o->val;
    return 0;
}

/* One option at argv[optind], which starts with '-' and is longer than that. */
static int parse_one(int argc, char *const argv[], const char *spec, const struct option *opts,
                     int *index)
{
    const char *arg = argv[optind++];

    if (opts && arg[1] == '-')
        return long_option(argc, argv, spec, opts, index, arg + 2);
    cluster = arg + 1;
    return short_option(argc, argv, spec);
}

int getopt_long(int argc, char *const argv[], const char *spec, const struct option *opts,
                int *index)
{
    int stop_at_operand = *spec == '+';

    optarg = NULL;
    if (stop_at_operand)
        spec++;
    if (!optind) { /* start again */
        optind = 1;
        cluster = NULL;
    }
    if (cluster && *cluster)
        return short_option(argc, argv, spec);

    int operands = optind;
    while (optind < argc && (argv[optind][0] != '-' || !argv[optind][1])) {
        if (stop_at_operand)
            return -1;
        optind++;
    }
    if (optind >= argc) {
        optind = operands;
        return -1;
    }
    int first = optind, skipped = optind - operands, c;
    if (strcmp(argv[optind], "--") == 0) {
        optind++;
        c = -1;
    } else {
        c = parse_one(argc, argv, spec, opts, index);
    }
    if (skipped) {
        move_down((char **)argv, operands, first, optind - first);
        optind -= skipped;
    }
    return c;
}

int getopt(int argc, char *const argv[], const char *spec)
{
    return getopt_long(argc, argv, spec, NULL, NULL);
}
