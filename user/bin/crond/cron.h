/* crond: a table of jobs, and which of them are due. */
#ifndef CROND_CRON_H
#define CROND_CRON_H

#include <stdint.h>
#include <time.h>

struct job {
    uint64_t minutes;           /* bit n: in minute n; so the others */
    uint32_t hours, days, months, weekdays;
    int any_day, any_weekday;   /* the field was a star */
    int at_start;               /* @reboot */
    char *user, *command;       /* user: NULL, or who it runs as */
    int line;
};

struct crontab {
    struct job *jobs;
    int count;
    char **env; /* NAME=value lines so far, NULL at the end; a job sees all of the file's */
    int env_count;
};

/* Reads a table; complains about lines it does not understand and leaves them out. -1: no file. */
int crontab_read(const char *path, struct crontab *t);
void crontab_free(struct crontab *t);
/* Is the job due in this minute of local time? */
int job_due(const struct job *j, const struct tm *now);

#endif
