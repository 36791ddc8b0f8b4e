/*
 * Builtins for what children inherit: directory, file mask, limits, times.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "builtin.h"
#include "shell.h"
#include "var.h"

/* The directory as the kernel has it: a malloced path, or NULL. */
static char *physical_directory(void)
{
    size_t size = 256;
    char *path = mem_resize(NULL, size);
    while (!getcwd(path, size)) {
        if (errno != ERANGE) {
            free(path);
            return NULL;
        }
        size *= 2;
        path = mem_resize(path, size);
    }
    return path;
}

static bool is_here(const char *path)
{
    struct stat a, b;
    return *path == '/' && stat(path, &a) == 0 && stat(".", &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* PWD may name the directory by way of symbolic links, if it still leads here. */
static void set_directory(const char *logical)
{
    char *path = logical && is_here(logical) ? mem_strdup(logical) : physical_directory();
    if (path)
        var_set("PWD", path);
    free(path);
}

void cd_init(void)
{
    set_directory(var_get("PWD"));
    var_intern("PWD")->exported = true;
}

/* Appends the components of path to an absolute path without . and .. in it. */
static void path_join(struct strbuf *sb, const char *path)
{
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len == 2 && path[0] == '.' && path[1] == '.') {
            while (sb->len && sb->data[--sb->len] != '/')
                continue;
            if (sb->data)
                sb->data[sb->len] = '\0';
        } else if (len && !(len == 1 && path[0] == '.')) {
            sb_add(sb, '/');
            sb_add_mem(sb, path, len);
        }
        path += len;
        path += strspn(path, "/");
    }
}

static int change_directory(const char *target, bool physical)
{
    struct strbuf logical = {0};
    const char *here = var_get_or("PWD", "");
    if (*target != '/')
        path_join(&logical, here);
    path_join(&logical, target);
    if (logical.len == 0)
        sb_add(&logical, '/');
    bool by_name = !physical && (*target == '/' || *here == '/');
    if ((!by_name || chdir(logical.data) < 0) && chdir(target) < 0) {
        shell_error("cd: %s: %s", target, strerror(errno));
        sb_free(&logical);
        return 1;
    }
    char *old = mem_strdup(here);
    set_directory(physical ? NULL : logical.data);
    var_set("OLDPWD", old);
    free(old);
    sb_free(&logical);
    return 0;
}

int builtin_cd(int argc, char **argv)
{
    bool physical = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "-P") == 0 || strcmp(argv[i], "-L") == 0)
            physical = argv[i][1] == 'P';
        else if (strcmp(argv[i], "--") != 0)
            return builtin_usage("cd", "[-L|-P] [directory]");
    }
    const char *target = i < argc ? argv[i] : var_get("HOME");
    bool back = target && strcmp(target, "-") == 0;
    if (back)
        target = var_get("OLDPWD");
    if (!target) {
        shell_error("cd: %s is not set", back ? "OLDPWD" : "HOME");
        return 1;
    }
    char *copy = mem_strdup(target);
    int status = *copy ? change_directory(copy, physical) : 0;
    free(copy);
    if (back && status == 0)
        out_printf("%s\n", var_get_or("PWD", ""));
    return status;
}

int builtin_pwd(int argc, char **argv)
{
    const char *logical = var_get("PWD");
    bool physical = argc > 1 && strcmp(argv[1], "-P") == 0;
    if (!physical && logical && is_here(logical)) {
        out_printf("%s\n", logical);
        return 0;
    }
    char *path = physical_directory();
    if (!path) {
        shell_error("pwd: %s", strerror(errno));
        return 1;
    }
    out_printf("%s\n", path);
    free(path);
    return 0;
}

int builtin_umask(int argc, char **argv)
{
    mode_t mask = umask(0);
    umask(mask);
    if (argc == 1) {
        out_printf("%04o\n", (unsigned)mask);
        return 0;
    }
    char *end;
    unsigned long value = strtoul(argv[1], &end, 8);
    if (*end || end == argv[1] || value > 0777)
        return builtin_usage("umask", "[octal number]");
    umask(value);
    return 0;
}

static const struct limit {
    char letter;
    int resource;
    unsigned unit;
    const char *text;
} limits[] = {
    {'c', RLIMIT_CORE, 512, "core file size (blocks)"},
    {'d', RLIMIT_DATA, 1024, "data segment (KiB)"},
    {'f', RLIMIT_FSIZE, 512, "file size (blocks)"},
    {'n', RLIMIT_NOFILE, 1, "open files"},
    {'s', RLIMIT_STACK, 1024, "stack size (KiB)"},
    {'t', RLIMIT_CPU, 1, "processor time (seconds)"},
    {'v', RLIMIT_AS, 1024, "address space (KiB)"},
};

#define LIMITS (sizeof limits / sizeof *limits)

static int limit_show(const struct limit *l, bool hard, bool label)
{
    struct rlimit r;
    if (getrlimit(l->resource, &r) < 0) {
        shell_error("ulimit: %s", strerror(errno));
        return 1;
    }
    rlim_t value = hard ? r.rlim_max : r.rlim_cur;
    if (label)
        out_printf("%-28s", l->text);
    if (value == RLIM_INFINITY)
        out_str("unlimited\n");
    else
        out_printf("%llu\n", (unsigned long long)value / l->unit);
    return 0;
}

static int limit_set(const struct limit *l, const char *text, bool hard, bool soft)
{
    struct rlimit r;
    long number = number_parse(text);
    bool unlimited = strcmp(text, "unlimited") == 0;
    if (number < 0 && !unlimited)
        return builtin_usage("ulimit", "[-HSa] [-cdfnstv] [number|unlimited]");
    rlim_t value = unlimited ? RLIM_INFINITY : (rlim_t)number * l->unit;
    if (getrlimit(l->resource, &r) == 0) {
        if (soft)
            r.rlim_cur = value;
        if (hard)
            r.rlim_max = value;
        if (setrlimit(l->resource, &r) == 0)
            return 0;
    }
    shell_error("ulimit: %s", strerror(errno));
    return 1;
}

int builtin_ulimit(int argc, char **argv)
{
    const struct limit *l = &limits[2];
    bool hard = false, soft = false, all = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        for (const char *s = argv[i] + 1; *s; s++) {
            const struct limit *found = NULL;
            for (size_t n = 0; n < LIMITS; n++)
                if (limits[n].letter == *s)
                    found = &limits[n];
            hard |= *s == 'H';
            soft |= *s == 'S';
            all |= *s == 'a';
            if (found)
                l = found;
            else if (!strchr("HSa", *s))
                return builtin_usage("ulimit", "[-HSa] [-cdfnstv] [number|unlimited]");
        }
    }
    if (i < argc)
        return limit_set(l, argv[i], hard || !soft, soft || !hard);
    if (!all)
        return limit_show(l, hard, false);
    int status = 0;
    for (size_t n = 0; n < LIMITS; n++)
        status |= limit_show(&limits[n], hard, true);
    return status;
}

static void print_time(clock_t ticks, char end)
{
    long per_second = sysconf(_SC_CLK_TCK);
    per_second = per_second > 0 ? per_second : 100;
    long hundredths = ticks % per_second * 100 / per_second;
    out_printf("%ldm%ld.%02lds%c", (long)(ticks / per_second / 60),
               (long)(ticks / per_second % 60), hundredths, end);
}

int builtin_times(int argc, char **argv)
{
    struct tms t;
    (void)argc, (void)argv;
    if (times(&t) == (clock_t)-1) {
        shell_error("times: %s", strerror(errno));
        return 1;
    }
    print_time(t.tms_utime, ' ');
    print_time(t.tms_stime, '\n');
    print_time(t.tms_cutime, ' ');
    print_time(t.tms_cstime, '\n');
    return 0;
}
