/*
 * crond [-f] [-c FILE] [-L FILE] [-t]: starts the jobs of a table at their times.
 *
 *   -c FILE  the table (/etc/crontab); read again whenever it changes
 *   -L FILE  where starts, errors and the jobs' own output go (/var/log/cron)
 *   -f       stays in the foreground; without -L all goes to standard error then
 *   -t       tests the table: prints what it understands, and ends
 *
 * It wakes at the beginning of each minute.  When the clock was set ahead by less than an hour, the
 * jobs of the minutes that were passed over run now; when it was set back, it waits until the last
 * minute that was done has passed.
 */
#include "cron.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CATCH_UP 60 /* minutes */

static struct {
    const char *table, *log;
    int foreground, test;
} opt = {.table = "/etc/crontab"};

static struct crontab table;
static struct timespec table_time; /* of the file when it was read; 0: not yet */

static void say(const char *what, const struct job *j)
{
    char when[32];
    time_t now = time(NULL);

    strftime(when, sizeof(when), "%b %e %H:%M:%S", localtime(&now));
    fprintf(stderr, "%s crond: %s (%s) %s\n", when, what, j->user ? j->user : "root", j->command);
}

/* Becomes the job's user. */
static void become(const char *name)
{
    struct passwd *pw = getpwnam(name);

    if (!pw || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
        errx(1, "cannot become %s", name);
    setenv("HOME", pw->pw_dir, 1);
    setenv("LOGNAME", name, 1);
    if (chdir(pw->pw_dir) < 0)
        chdir("/");
}

static void run(const struct job *j)
{
    pid_t pid = fork();

    if (pid < 0) {
        warn("fork");
        return;
    }
    if (pid > 0) {
        say("start", j);
        return;
    }
    setsid();
    become(j->user ? j->user : "root");
    for (char **e = table.env; e && *e; e++)
        putenv(*e);
    const char *shell = getenv("SHELL");
    shell = shell ? shell : "/bin/sh";
    execl(shell, shell, "-c", j->command, (char *)NULL);
    err(127, "%s", shell);
}

/* Reads the table again if it has changed. */
static void refresh(void)
{
    struct stat st;

    if (stat(opt.table, &st) < 0) {
        if (table_time.tv_sec)
            warn("%s", opt.table);
        crontab_free(&table);
        table_time = (struct timespec){0};
        return;
    }
    if (st.st_mtim.tv_sec == table_time.tv_sec && st.st_mtim.tv_nsec == table_time.tv_nsec)
        return;
    crontab_free(&table);
    if (crontab_read(opt.table, &table) < 0)
        warn("%s", opt.table);
    table_time = st.st_mtim;
}

static void run_minute(time_t minute)
{
    time_t at = minute * 60;
    const struct tm *now = localtime(&at);

    for (int i = 0; i < table.count; i++)
        if (!table.jobs[i].at_start && job_due(&table.jobs[i], now))
            run(&table.jobs[i]);
}

static void reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* At most a few seconds, so that a clock that is set is noticed soon. */
static void sleep_to_minute(void)
{
    struct timespec now, wait;

    clock_gettime(CLOCK_REALTIME, &now);
    long ns = (60 - now.tv_sec % 60) * 1000000000L - now.tv_nsec;
    ns = ns > 5000000000L ? 5000000000L : ns;
    wait = (struct timespec){ns / 1000000000L, ns % 1000000000L};
    nanosleep(&wait, NULL);
}

static _Noreturn void serve(void)
{
    time_t done = time(NULL) / 60;

    refresh();
    for (int i = 0; i < table.count; i++)
        if (table.jobs[i].at_start)
            run(&table.jobs[i]);
    for (;;) {
        sleep_to_minute();
        reap();
        time_t now = time(NULL) / 60;
        if (now > done + CATCH_UP || now + CATCH_UP < done)
            done = now - 1; /* the clock was set for good */
        if (now <= done)
            continue;
        refresh();
        while (done < now)
            run_minute(++done);
    }
}

/* The numbers of a field; a star when they are all there are. */
static void print_bits(uint64_t bits, uint64_t all)
{
    const char *between = "";

    if (bits == all) {
        printf("* ");
        return;
    }
    for (int i = 0; i < 64; i++)
        if (bits >> i & 1) {
            printf("%s%d", between, i);
            between = ",";
        }
    putchar(' ');
}

static int test_table(void)
{
    if (crontab_read(opt.table, &table) < 0)
        err(1, "%s", opt.table);
    for (int i = 0; i < table.env_count; i++)
        puts(table.env[i]);
    for (int i = 0; i < table.count; i++) {
        const struct job *j = &table.jobs[i];
        if (j->at_start) {
            printf("@reboot ");
        } else {
            print_bits(j->minutes, (1UL << 60) - 1);
            print_bits(j->hours, (1UL << 24) - 1);
            print_bits(j->days, 0xfffffffe);
            print_bits(j->months, 0x1ffe);
            print_bits(j->weekdays, 0x7f);
        }
        printf("%s %s\n", j->user ? j->user : "root", j->command);
    }
    return fflush(stdout) == EOF;
}

static void go_background(void)
{
    pid_t pid = fork();

    if (pid < 0)
        err(1, "fork");
    if (pid > 0)
        _exit(0);
    setsid();
}

static void open_log(void)
{
    const char *name = opt.log ? opt.log : opt.foreground ? NULL : "/var/log/cron";
    int fd = open("/dev/null", O_RDONLY);

    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    if (!name)
        return;
    fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        err(1, "%s", name);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
}

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "fc:L:t")) != -1) {
        switch (c) {
        case 'f': opt.foreground = 1; break;
        case 'c': opt.table = optarg; break;
        case 'L': opt.log = optarg; break;
        case 't': opt.test = 1; break;
        default: errx(2, "usage: crond [-ft] [-c crontab] [-L log]");
        }
    }
    if (opt.test)
        return test_table();
    if (!opt.foreground)
        go_background();
    open_log();
    serve();
}
