/*
 * mv [-fn] source ... target: renames.  Between file systems it copies (cp -a) and removes (rm -r).
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int no_clobber;

static int run(const char *program, const char *flag, const char *a, const char *b)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execlp(program, program, flag, "--", a, b, NULL);
        warn("%s", program);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        err(1, "%s", program);
    return status != 0;
}

/* The target must be gone first: cp would copy into a directory of that name. */
static int move_across(const char *from, const char *to)
{
    struct stat st;

    if (lstat(to, &st) == 0 && (S_ISDIR(st.st_mode) ? rmdir(to) : unlink(to)) < 0) {
        warn("%s", to);
        return 1;
    }
    return run("cp", "-a", from, to) || run("rm", "-rf", from, NULL);
}

static int move(const char *from, const char *to)
{
    struct stat st;

    if (no_clobber && lstat(to, &st) == 0)
        return 0;
    if (rename(from, to) == 0)
        return 0;
    if (errno == EXDEV)
        return move_across(from, to);
    warn("cannot move '%s' to '%s'", from, to);
    return 1;
}

static int move_into(char *from, const char *dir)
{
    char to[PATH_MAX];
    size_t n = strlen(from);

    while (n > 1 && from[n - 1] == '/')
        from[--n] = 0;
    if ((size_t)snprintf(to, sizeof(to), "%s/%s", dir, basename(from)) >= sizeof(to)) {
        warnx("%s: path too long", from);
        return 1;
    }
    return move(from, to);
}

int main(int argc, char **argv)
{
    struct stat st;
    int c, failed = 0;

    while ((c = getopt(argc, argv, "fn")) != -1) {
        if (c == '?')
            return 1;
        no_clobber = c == 'n';
    }
    if (argc - optind < 2)
        errx(1, "usage: mv [-fn] source ... target");
    const char *target = argv[argc - 1];
    int into = stat(target, &st) == 0 && S_ISDIR(st.st_mode);
    if (argc - optind > 2 && !into)
        errx(1, "target '%s' is not a directory", target);
    for (; optind < argc - 1; optind++)
        failed |= into ? move_into(argv[optind], target) : move(argv[optind], target);
    return failed;
}
