/*
 * The options of set and of the command line.
 */
#include "options.h"

#include <string.h>

#include "job.h"
#include "shell.h"

static const struct {
    enum option_bit bit;
    char letter;
    const char *name;
} options[] = {
    {OPT_ALLEXPORT, 'a', "allexport"},   {OPT_ERREXIT, 'e', "errexit"},
    {OPT_NOGLOB, 'f', "noglob"},         {OPT_INTERACTIVE, 'i', "interactive"},
    {OPT_MONITOR, 'm', "monitor"},       {OPT_NOEXEC, 'n', "noexec"},
    {OPT_STDIN, 's', "stdin"},           {OPT_NOUNSET, 'u', "nounset"},
    {OPT_VERBOSE, 'v', "verbose"},       {OPT_XTRACE, 'x', "xtrace"},
    {OPT_NOCLOBBER, 'C', "noclobber"},   {OPT_PIPEFAIL, '\0', "pipefail"},
};

#define OPTIONS (sizeof options / sizeof *options)

const char *options_letters(void)
{
    static char letters[OPTIONS + 1];
    size_t n = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (shell_option(options[i].bit) && options[i].letter)
            letters[n++] = options[i].letter;
    letters[n] = '\0';
    return letters;
}

static bool set_bit(enum option_bit bit, bool on)
{
    if (bit == OPT_MONITOR && !job_control(on)) {
        shell_error("no job control: not on a terminal");
        return false;
    }
    sh.options = on ? sh.options | bit : sh.options & ~bit;
    return true;
}

bool options_set_letter(char letter, bool on)
{
    for (size_t i = 0; letter && i < OPTIONS; i++)
        if (options[i].letter == letter)
            return set_bit(options[i].bit, on);
    shell_error("no option %c%c", on ? '-' : '+', letter);
    return false;
}

bool options_set_name(const char *name, bool on)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return set_bit(options[i].bit, on);
    shell_error("no option %s", name);
    return false;
}

void options_print(bool as_commands)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        bool on = shell_option(options[i].bit);
        if (as_commands)
            out_printf("set %co %s\n", on ? '-' : '+', options[i].name);
        else
            out_printf("%-16s%s\n", options[i].name, on ? "on" : "off");
    }
}

int options_parse(int argc, char **argv, bool *dashes, bool *command, bool *login)
{
    int i = 1;
    *dashes = false;
    for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+'); i++) {
        bool on = argv[i][0] == '-';
        if (argv[i][1] == '\0' || strcmp(argv[i], "--") == 0) {
            *dashes = on;
            return i + on;
        }
        for (const char *s = argv[i] + 1; *s; s++) {
            if (command && *s == 'c') {
                *command = true;
            } else if (login && *s == 'l') {
                *login = true;
            } else if (*s != 'o') {
                if (!options_set_letter(*s, on))
                    return -1;
            } else if (i + 1 >= argc) {
                options_print(!on);
            } else if (!options_set_name(argv[++i], on)) {
                return -1;
            } else {
                break;
            }
        }
    }
    return i;
}
