/* sort: what its two files share. */
#ifndef SORT_H
#define SORT_H

#include <stddef.h>

enum order { TEXT, NUMBER, HUMAN };

/* How to compare, of a key or of the whole line. */
struct rule {
    enum order order;
    int reverse, fold, blanks; /* -r -f -b */
};

/* -k first.first_char,last.last_char; numbers from 1, last 0: to the end of the line */
struct key {
    size_t first, first_char, last, last_char;
    struct rule rule;
    int skip_end; /* a b behind the last field */
    struct key *next;
};

struct line {
    char *text;
    size_t len, number; /* number: place in the input */
};

extern struct rule general;  /* of options outside keys */
extern struct key *keys;
extern int separator;        /* -1: fields begin at blanks */
extern int stable, unique;

/* -k's argument; ends the program when it is wrong. */
void add_key(const char *text);
/* By all keys, without falling back on the whole line. */
int compare_keys(const struct line *a, const struct line *b);
/* The full order. */
int compare_lines(const struct line *a, const struct line *b);

#endif
