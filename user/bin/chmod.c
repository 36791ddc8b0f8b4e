/*
 * chmod mode file ...: changes permissions. A mode is octal (755) or words joined by commas: who
 * (u g o a, none: all but what umask takes away), + - or =, and letters of r w x X s t.
 */
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mode_t mask;

/* The bits of the letters at *p, for everybody; *p moves behind them. */
static mode_t letters(const char **p, mode_t old)
{
    mode_t bits = 0;

    for (;; (*p)++) {
        switch (**p) {
        case 'r': bits |= 0444; break;
        case 'w': bits |= 0222; break;
        case 'x': bits |= 0111; break;
        case 'X': bits |= S_ISDIR(old) || (old & 0111) ? 0111 : 0; break;
        case 's': bits |= S_ISUID | S_ISGID; break;
        case 't': bits |= S_ISVTX; break;
        default: return bits;
        }
    }
}

/* Whose bits the letters at *p speak of; 0: nobody is named. */
static mode_t who(const char **p)
{
    mode_t bits = 0;

    for (;; (*p)++) {
        switch (**p) {
        case 'u': bits |= S_ISUID | 0700; break;
        case 'g': bits |= S_ISGID | 0070; break;
        case 'o': bits |= S_ISVTX | 0007; break;
        case 'a': bits |= 07777; break;
        default: return bits;
        }
    }
}

/* 0, or -1 when the text is no mode. */
static int apply(const char *text, mode_t old, mode_t *mode)
{
    char *end;

    *mode = old & 07777;
    if (isdigit((unsigned char)*text)) {
        unsigned long value = strtoul(text, &end, 8);
        *mode = value;
        return *end || value > 07777 ? -1 : 0;
    }
    for (const char *p = text;; p++) {
        mode_t whose = who(&p), named = whose ? whose : 07777 & ~mask;
        do {
            char op = *p++;
            if (!op || !strchr("+-=", op))
                return -1;
            mode_t bits = letters(&p, old | *mode) & named;
            if (op == '=')
                *mode &= ~(whose ? whose : 07777u);
            *mode = op == '-' ? *mode & ~bits : *mode | bits;
        } while (*p && *p != ',');
        if (!*p)
            return 0;
    }
}

int main(int argc, char **argv)
{
    int failed = 0;
    struct stat st;
    mode_t mode = 0;

    if (argc < 3)
        errx(1, "usage: chmod mode file ...");
    mask = umask(0);
    for (int i = 2; i < argc; i++) {
        int found = stat(argv[i], &st) == 0;
        if (found && apply(argv[1], st.st_mode, &mode) < 0)
            errx(1, "invalid mode: '%s'", argv[1]);
        if (!found || chmod(argv[i], mode) < 0) {
            warn("cannot change '%s'", argv[i]);
            failed = 1;
        }
    }
    return failed;
}
