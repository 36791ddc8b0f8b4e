/*
 * top [-b] [-n frames] [-d seconds] [-o field] [-c] [-w columns]: processes, busiest first.
 *
 * Keys: q ends, space looks again at once, and the order is by P processor, M memory, T time,
 * N number; R turns it round, c shows whole command lines, d or s asks for the delay.
 * -b writes frames one after the other instead, for files and pipes.
 */
#include "top.h"
#include <err.h>
#include <screen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct view view;
static double delay = 3;
static long frames = -1;
static int batch;

static void set_order(const char *field)
{
    static const char *const names[] = {"%CPU", "%MEM", "TIME+", "PID", "VIRT"};

    if (*field == '+' || *field == '-')
        view.reverse = *field++ == '-';
    if (strcasecmp(field, "RES") == 0)
        field = "%MEM";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(field, names[i]) == 0) {
            view.by = (enum sort_by)i;
            return;
        }
    }
    errx(1, "unrecognized field name '%s'", field);
}

/* Escape sequences don't belong into a file; lines are cut at the width that -w gave. */
static void print_frame(char *text)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        if (strncmp(line, "\033[7m", 4) == 0) {
            line += 4;
            *strchrnul(line, '\033') = 0;
            for (size_t len = strlen(line); len && line[len - 1] == ' ';)
                line[--len] = 0;
        }
        if (*line || text)
            printf("%.*s\n", view.columns ? view.columns : 10000, line);
    }
    putchar('\n');
    if (fflush(stdout) == EOF)
        exit(1);
}

/* The number typed behind a question, digits echoed; the old one when it is none. */
static double ask_delay(void)
{
    char typed[16], *end;
    size_t len = 0;
    int key;

    dprintf(STDOUT_FILENO, "\033[6;1H\033[KChange delay from %.1f to ", delay);
    while ((key = screen_key(60)) > 0 && key != '\n' && key != '\r') {
        if ((key == 127 || key == 8) && len) {
            len--;
            dprintf(STDOUT_FILENO, "\b \b");
        } else if (key >= '-' && key <= '9' && len + 1 < sizeof(typed)) {
            typed[len++] = (char)key;
            dprintf(STDOUT_FILENO, "%c", key);
        }
    }
    typed[len] = 0;
    double seconds = strtod(typed, &end);
    return len && !*end && seconds > 0 ? seconds : delay;
}

/* 0: the key does not ask for a new look */
static int handle_key(int key)
{
    switch (key) {
    case 'q': exit(0);
    case 'P': view.by = BY_CPU; break;
    case 'M': view.by = BY_MEMORY; break;
    case 'T': view.by = BY_TIME; break;
    case 'N': view.by = BY_PID; break;
    case 'R': view.reverse = !view.reverse; break;
    case 'c': view.commands = !view.commands; break;
    case 'd':
    case 's': delay = ask_delay(); break;
    case ' ':
    case '\n': break;
    default: return 0;
    }
    return 1;
}

static void wait_for_next(void)
{
    if (batch) {
        sleep_seconds(delay);
        return;
    }
    int key = screen_key(delay);
    if (key < 0)
        exit(0);
    while (key && !handle_key(key))
        key = screen_key(delay);
}

/* The first frame compares with a look a moment before. */
static void run(void)
{
    struct snapshot before = {.when = 0}, now;
    struct text t = {0};
    int rows;

    take_snapshot(&now, &before, view.commands);
    sleep_seconds(0.15);
    for (; frames; frames -= frames > 0) {
        before = now;
        if (!batch)
            terminal_size(&rows, &view.columns);
        take_snapshot(&now, &before, view.commands);
        t.len = 0;
        put_screen(&t, &now, &before, &view);
        free_snapshot(&before);
        if (batch)
            print_frame(t.data);
        else
            screen_show(t.data);
        if (frames != 1)
            wait_for_next();
    }
}

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "bcn:d:o:w:")) != -1) {
        switch (c) {
        case 'b': batch = 1; break;
        case 'c': view.commands = 1; break;
        case 'n':
            frames = atol(optarg);
            if (frames <= 0)
                errx(1, "bad iterations argument '%s'", optarg);
            break;
        case 'd':
            delay = parse_seconds(optarg);
            if (delay < 0)
                errx(1, "bad delay interval '%s'", optarg);
            break;
        case 'o': set_order(optarg); break;
        case 'w': view.columns = atoi(optarg); break;
        default: return 1;
        }
    }
    if (!batch)
        screen_start();
    run();
    return 0;
}
