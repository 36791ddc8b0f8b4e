/* Shell patterns. */
#ifndef XV_FNMATCH_H
#define XV_FNMATCH_H

#define FNM_PATHNAME    1 /* no wildcard matches a slash */
#define FNM_NOESCAPE    2 /* a backslash is an ordinary character */
#define FNM_PERIOD      4 /* a leading dot matches only a dot */
#define FNM_LEADING_DIR 8 /* ignore "/..." after the match */
#define FNM_CASEFOLD    16
#define FNM_NOMATCH     1

int fnmatch(const char *pattern, const char *string, int flags);

#endif
