/* Sizes, times and the terminal's shape, as tools print and read them. */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <tools.h>
#include <unistd.h>

/* Rounded up in integers: tenths below 10, whole units above. */
void size_text(char out[16], uint64_t bytes, unsigned unit)
{
    const char *letter = unit == 1000 ? "kMGTPE" : "KMGTPE";
    uint64_t whole = bytes, scale = 1;
    int power = 0;

    for (; whole >= unit && power < 6; power++, scale *= unit)
        whole /= unit;
    uint64_t rest = bytes - whole * scale;
    uint64_t tenths = whole * 10 + (rest * 10 + scale - 1) / scale;
    if (power && tenths < 100) {
        snprintf(out, 16, "%lu.%lu%c", tenths / 10, tenths % 10, letter[power - 1]);
        return;
    }
    whole += rest != 0;
    if (whole >= unit && power < 6)
        snprintf(out, 16, "1.0%c", letter[power]);
    else if (power)
        snprintf(out, 16, "%lu%c", whole, letter[power - 1]);
    else
        snprintf(out, 16, "%lu", whole);
}

/* The smallest unit in which the number fits in three digits, or two with a tenth between. */
void memory_text(char out[16], uint64_t kib)
{
    uint64_t bytes = kib << 10, scale = 1;

    if (bytes < 1000) {
        snprintf(out, 16, "%luB", bytes);
        return;
    }
    for (const char *letter = "KMGTPE"; *letter; letter++) {
        scale <<= 10;
        uint64_t tenths = bytes / scale * 10 + (bytes % scale * 10 + scale / 2) / scale;
        if (tenths < 100)
            snprintf(out, 16, "%lu.%lu%ci", tenths / 10, tenths % 10, *letter);
        else
            snprintf(out, 16, "%lu%ci", bytes / scale, *letter);
        if (bytes / scale < 1000)
            return;
    }
}

/* The factor of a suffix: K and KiB are 1024, KB is 1000; 0 when it is none. */
static uint64_t suffix_factor(const char *s)
{
    static const char letters[] = "KMGTPE";
    uint64_t factor = 1;

    if (!*s || strcmp(s, "c") == 0)
        return 1;
    if (strcmp(s, "w") == 0)
        return 2;
    if (strcmp(s, "b") == 0)
        return 512;
    const char *letter = strchr(letters, *s == 'k' ? 'K' : *s == 'm' ? 'M' : *s == 'g' ? 'G' : *s);
    if (!letter)
        return 0;
    unsigned unit = strcmp(s + 1, "B") == 0 ? 1000 : 1024;
    if (unit == 1024 && s[1] && strcmp(s + 1, "iB") != 0)
        return 0;
    for (const char *l = letters; l <= letter; l++)
        factor *= unit;
    return factor;
}

int parse_size(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    uint64_t n = strtoul(text, &end, 10);
    uint64_t factor = suffix_factor(end);
    if (end == text || *text == '-' || !factor || errno)
        return -1;
    return __builtin_mul_overflow(n, factor, out) ? -1 : 0;
}

double parse_seconds(const char *text)
{
    char *end;
    double v = strtod(text, &end);

    return end == text || *end || !(v >= 0) || v > 1e15 ? -1 : v;
}

static int positive_env(const char *name)
{
    const char *text = getenv(name);
    int n = text ? atoi(text) : 0;

    return n > 0 ? n : 0;
}

void terminal_size(int *rows, int *columns)
{
    struct winsize size = {0, 0, 0, 0};

    for (int fd = 0; fd < 3 && !size.ws_col; fd++)
        ioctl(fd, TIOCGWINSZ, &size);
    *rows = size.ws_row ? size.ws_row : positive_env("LINES");
    *columns = size.ws_col ? size.ws_col : positive_env("COLUMNS");
    if (!*rows)
        *rows = 24;
    if (!*columns)
        *columns = 80;
}

void uptime_text(char *out, size_t size)
{
    char load[64] = "?";
    struct timespec up;
    time_t now = time(NULL);
    size_t n = strftime(out, size, " %H:%M:%S up ", localtime(&now));

    clock_gettime(CLOCK_BOOTTIME, &up);
    long minutes = up.tv_sec / 60, days = minutes / 1440;
    if (days)
        n += snprintf(out + n, size - n, "%ld day%s, ", days, days == 1 ? "" : "s");
    minutes %= 1440;
    if (minutes >= 60)
        n += snprintf(out + n, size - n, "%2ld:%02ld, ", minutes / 60, minutes % 60);
    else
        n += snprintf(out + n, size - n, "%ld min, ", minutes);
    FILE *f = fopen("/proc/loadavg", "r");
    char one[16], five[16], fifteen[16];
    if (f && fscanf(f, "%15s %15s %15s", one, five, fifteen) == 3)
        snprintf(load, sizeof(load), "%s, %s, %s", one, five, fifteen);
    if (f)
        fclose(f);
    snprintf(out + n, size - n, " load average: %s", load);
}

int sleep_seconds(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    return nanosleep(&t, NULL);
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap;

    for (;;) {
        va_start(ap, fmt);
        size_t n = vsnprintf(t->data + t->len, t->room - t->len, fmt, ap);
        va_end(ap);
        if (n < t->room - t->len) {
            t->len += n;
            return;
        }
        size_t room = 2 * (t->room + n + 1);
        char *grown = realloc(t->data, room);
        if (!grown)
            err(1, NULL);
        t->data = grown;
        t->room = room;
    }
}
