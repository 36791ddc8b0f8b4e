/*
 * Calendar dates.  Local time is UTC.
 *
 * Years are counted from March, so that the leap day comes last: then the days before a month
 * follow a simple pattern, and 400 years are a cycle of 146,097 days.
 */
#include "libc.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_SECONDS 86400
#define CYCLE_DAYS  146097
#define EPOCH_DAYS  719468 /* from 0000-03-01 to 1970-01-01 */

static const char day_names[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
static const char month_names[12][10] = {"January", "February", "March",     "April",
                                         "May",     "June",     "July",      "August",
                                         "September", "October", "November", "December"};

/* March is 0 */
static int days_before_month(int month)
{
    return (153 * month + 2) / 5;
}

static int is_leap(long year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static long floor_div(long a, long b)
{
    return a / b - (a % b < 0);
}

struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    long days = floor_div(*t, DAY_SECONDS);
    int seconds = (int)(*t - days * DAY_SECONDS);
    int weekday = (int)(((days + 4) % 7 + 7) % 7);

    days += EPOCH_DAYS;
    long cycle = floor_div(days, CYCLE_DAYS);
    int rest = (int)(days - cycle * CYCLE_DAYS);
    int year = (rest - rest / 1460 + rest / 36524 - rest / (CYCLE_DAYS - 1)) / 365;
    rest -= year * 365 + year / 4 - year / 100;
    int month = (5 * rest + 2) / 153;
    long full_year = cycle * 400 + year + (month >= 10);
    if (full_year - 1900 > INT_MAX || full_year - 1900 < INT_MIN) {
        errno = EOVERFLOW;
        return NULL;
    }
    memset(tm, 0, sizeof(*tm));
    tm->tm_sec = seconds % 60;
    tm->tm_min = seconds / 60 % 60;
    tm->tm_hour = seconds / 3600;
    tm->tm_mday = rest - days_before_month(month) + 1;
    tm->tm_mon = month < 10 ? month + 2 : month - 10;
    tm->tm_year = (int)(full_year - 1900);
    tm->tm_wday = weekday;
    /* January and February follow the other ten months of the March year */
    tm->tm_yday = month >= 10 ? rest - 306 : rest + 59 + is_leap(full_year);
    tm->tm_zone = "UTC";
    return tm;
}

struct tm *gmtime(const time_t *t)
{
    static struct tm tm;

    return gmtime_r(t, &tm);
}

struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    return gmtime_r(t, tm);
}

struct tm *localtime(const time_t *t)
{
    return gmtime(t);
}

/* Fields may be out of range; they are brought into it. */
time_t timegm(struct tm *tm)
{
    long month = tm->tm_mon - 2L; /* from March */
    long year = tm->tm_year + 1900L + floor_div(month, 12);

    month -= floor_div(month, 12) * 12;
    long cycle = floor_div(year, 400);
    long y = year - cycle * 400;
    long days = cycle * CYCLE_DAYS + y * 365 + y / 4 - y / 100 + days_before_month((int)month) +
                tm->tm_mday - 1 - EPOCH_DAYS;
    time_t t = ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
    return gmtime_r(&t, tm) ? t : -1;
}

time_t mktime(struct tm *tm)
{
    return timegm(tm);
}

/* ISO 8601: week 1 is the one with the year's first Thursday */
static int iso_week(const struct tm *tm, int *year)
{
    int weekday = (tm->tm_wday + 6) % 7; /* Monday is 0 */
    int week = (tm->tm_yday - weekday + 10) / 7;

    *year = tm->tm_year + 1900;
    int thursday = tm->tm_yday - weekday + 3;
    if (thursday < 0) {
        --*year;
        week = (thursday + 365 + is_leap(*year)) / 7 + 1;
    } else if (thursday >= 365 + is_leap(*year)) {
        ++*year;
        week = 1;
    }
    return week;
}

static const char *composed(char c)
{
    switch (c) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'r':
        return "%I:%M:%S %p";
    case 'R':
        return "%H:%M";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

static const char *format_for(char c, const struct tm *tm, long *value)
{
    int iso_year, week = iso_week(tm, &iso_year);
    int year = tm->tm_year + 1900;

    switch (c) {
    case 'C': *value = year / 100; return "%02ld";
    case 'd': *value = tm->tm_mday; return "%02ld";
    case 'e': *value = tm->tm_mday; return "%2ld";
    case 'g': *value = iso_year % 100; return "%02ld";
    case 'G': *value = iso_year; return "%ld";
    case 'H': *value = tm->tm_hour; return "%02ld";
    case 'I': *value = (tm->tm_hour + 11) % 12 + 1; return "%02ld";
    case 'j': *value = tm->tm_yday + 1; return "%03ld";
    case 'k': *value = tm->tm_hour; return "%2ld";
    case 'l': *value = (tm->tm_hour + 11) % 12 + 1; return "%2ld";
    case 'm': *value = tm->tm_mon + 1; return "%02ld";
    case 'M': *value = tm->tm_min; return "%02ld";
    case 'S': *value = tm->tm_sec; return "%02ld";
    case 'u': *value = tm->tm_wday ? tm->tm_wday : 7; return "%ld";
    case 'U': *value = (tm->tm_yday + 7 - tm->tm_wday) / 7; return "%02ld";
    case 'V': *value = week; return "%02ld";
    case 'w': *value = tm->tm_wday; return "%ld";
    case 'W': *value = (tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7; return "%02ld";
    case 'y': *value = year % 100; return "%02ld";
    case 'Y': *value = year; return "%ld";
    default: return NULL;
    }
}

/* Text of one conversion into out; also returns what to use instead of out. */
static const char *convert(char c, const struct tm *tm, char *out, size_t size)
{
    long value;
    struct tm copy = *tm;
    const char *fmt = composed(c);

    if (fmt)
        return strftime(out, size, fmt, tm) ? out : "";
    switch (c) {
    case 'a':
        snprintf(out, size, "%.3s", day_names[tm->tm_wday % 7]);
        return out;
    case 'A':
        return day_names[tm->tm_wday % 7];
    case 'b':
    case 'h':
        snprintf(out, size, "%.3s", month_names[tm->tm_mon % 12]);
        return out;
    case 'B':
        return month_names[tm->tm_mon % 12];
    case 'n':
        return "\n";
    case 'p':
        return tm->tm_hour < 12 ? "AM" : "PM";
    case 's':
        snprintf(out, size, "%ld", (long)timegm(&copy));
        return out;
    case 't':
        return "\t";
    case 'z':
        return "+0000";
    case 'Z':
        return "UTC";
    case '%':
        return "%";
    }
    fmt = format_for(c, tm, &value);
    if (!fmt)
        return NULL;
    snprintf(out, size, fmt, value);
    return out;
}

/* The length, or 0 when it does not fit.  The modifiers E, O and - are skipped. */
size_t strftime(char *restrict s, size_t size, const char *restrict fmt,
                const struct tm *restrict tm)
{
    char buf[64];
    size_t done = 0;

    for (; *fmt; fmt++) {
        const char *text = fmt;
        size_t len = 1;
        if (*fmt == '%' && fmt[1]) {
            const char *c = fmt + 1;
            while ((*c == 'E' || *c == 'O' || *c == '-') && c[1])
                c++;
            const char *converted = convert(*c, tm, buf, sizeof(buf));
            len = converted ? strlen(converted) : (size_t)(c - fmt) + 1;
            text = converted ? converted : fmt;
            fmt = c;
        }
        if (done + len >= size)
            return 0;
        memcpy(s + done, text, len);
        done += len;
    }
    if (size)
        s[done] = 0;
    return done;
}

char *asctime(const struct tm *tm)
{
    static char text[40];

    strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y\n", tm);
    return text;
}

char *ctime(const time_t *t)
{
    struct tm *tm = localtime(t);

    return tm ? asctime(tm) : NULL;
}
