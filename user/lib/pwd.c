/* Users and groups from /etc/passwd and /etc/group.  Results are valid until the next call. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 7

/* Finds the line whose name or number matches, split at colons; missing fields are "". */
static char **find_line(const char *file, const char *name, long number)
{
    static char line[512];
    static char *field[FIELDS];
    FILE *f = fopen(file, "re");
    int found = 0;

    while (f && !found && fgets(line, sizeof(line), f)) {
        char *rest = line;
        line[strcspn(line, "\n")] = 0;
        for (int i = 0; i < FIELDS; i++) {
            field[i] = strsep(&rest, ":");
            if (!field[i])
                field[i] = (char *)"";
        }
        found = name ? strcmp(field[0], name) == 0 : *field[2] && atol(field[2]) == number;
    }
    if (f)
        fclose(f);
    return found ? field : NULL;
}

static struct passwd *to_passwd(char **field)
{
    static struct passwd pw;

    if (!field)
        return NULL;
    pw = (struct passwd){field[0],       field[1], (uid_t)atol(field[2]), (gid_t)atol(field[3]),
                         field[4],       field[5], field[6]};
    return &pw;
}

static struct group *to_group(char **field)
{
    static char *no_members[1];
    static struct group gr;

    if (!field)
        return NULL;
    gr = (struct group){field[0], field[1], (gid_t)atol(field[2]), no_members};
    return &gr;
}

struct passwd *getpwuid(uid_t uid)
{
    return to_passwd(find_line("/etc/passwd", NULL, uid));
}

struct passwd *getpwnam(const char *name)
{
    return to_passwd(find_line("/etc/passwd", name, 0));
}

struct group *getgrgid(gid_t gid)
{
    return to_group(find_line("/etc/group", NULL, gid));
}

struct group *getgrnam(const char *name)
{
    return to_group(find_line("/etc/group", name, 0));
}
