/*
 * The environment.
 *
 * environ starts as the array on the stack.  The first change copies it to an array of our own that
 * can grow.  Strings made by setenv are not freed when replaced: a caller of getenv may still hold
 * them.
 */
#include "libc.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **own; /* what we allocated; environ when nobody else has replaced it */
static size_t own_slots;

static size_t name_length(const char *s)
{
    return strchrnul(s, '=') - s;
}

static char **find(const char *name, size_t len)
{
    for (char **e = environ; e && *e; e++) {
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
            return e;
    }
    return NULL;
}

char *getenv(const char *name)
{
    size_t len = name_length(name);
    char **e = len && !name[len] ? find(name, len) : NULL;

    return e ? *e + len + 1 : NULL;
}

/* Room in an array of our own for one more string than there are now. */
static int make_room(size_t count)
{
    if (environ == own && count + 2 <= own_slots)
        return 0;
    size_t slots = count * 2 + 16;
    char **array = malloc(slots * sizeof(*array));
    if (!array)
        return -1;
    for (size_t i = 0; i < count; i++)
        array[i] = environ[i];
    array[count] = NULL;
    if (environ == own)
        free(own);
    environ = own = array;
    own_slots = slots;
    return 0;
}

int putenv(char *assignment)
{
    size_t len = name_length(assignment);
    size_t count = 0;

    if (!assignment[len])
        return unsetenv(assignment);
    char **e = find(assignment, len);
    if (e) {
        *e = assignment;
        return 0;
    }
    while (environ && environ[count])
        count++;
    if (make_room(count) < 0)
        return -1;
    environ[count] = assignment;
    environ[count + 1] = NULL;
    return 0;
}

int setenv(const char *name, const char *value, int overwrite)
{
    size_t len = name ? name_length(name) : 0;

    if (!len || name[len])
        return __fail(EINVAL);
    if (!overwrite && find(name, len))
        return 0;
    char *s = malloc(len + strlen(value) + 2);
    if (!s)
        return -1;
    memcpy(s, name, len);
    s[len] = '=';
    strcpy(s + len + 1, value);
    if (putenv(s) == 0)
        return 0;
    free(s);
    return -1;
}

int unsetenv(const char *name)
{
    size_t len = name ? name_length(name) : 0;
    char **e;

    if (!len || name[len])
        return __fail(EINVAL);
    while ((e = find(name, len))) {
        for (; *e; e++)
            e[0] = e[1];
    }
    return 0;
}

int clearenv(void)
{
    static char *none[1];

    environ = none;
    return 0;
}
