/*
 * A compiled regular expression: instructions for a machine that follows all alternatives at once.
 *
 *   CHAR c, ANY, SET a      take one character
 *   BOL, EOL, WORD...       hold at this place, or not
 *   SAVE a                  remember the place
 *   SPLIT a b, JUMP a       go on at both (rather at a), at one
 *   BACKREF a               take what group a matched (only the backtracking matcher knows this)
 *   MATCH                   done
 *
 * Ways on are relative, so that a piece of program can be moved and copied.
 */
#ifndef XV_REGEX_PROGRAM_H
#define XV_REGEX_PROGRAM_H

#include <regex.h>
#include <stdint.h>

enum opcode {
    OP_CHAR,
    OP_ANY,
    OP_SET,
    OP_BOL,
    OP_EOL,
    OP_WORD_START,
    OP_WORD_END,
    OP_WORD_EDGE,
    OP_NOT_WORD_EDGE,
    OP_SAVE,
    OP_SPLIT,
    OP_JUMP,
    OP_BACKREF,
    OP_MATCH,
};

struct inst {
    uint8_t op;
    uint8_t c;  /* OP_CHAR */
    int32_t a;  /* first way on; number of a set, place or group */
    int32_t b;  /* second way on */
};

struct charset {
    uint64_t bits[4];
};

struct program {
    struct inst *inst;
    int count, room;
    struct charset *set;
    int set_count;
    int groups;
    int flags; /* of regcomp */
    int has_backref;
    int first; /* the byte that every match starts with, or -1 */
};

/*
 * Finds the leftmost longest match that starts in text[start .. end].  Returns 0 and fills caps
 * (2 * (groups + 1) offsets, -1 where a group took no part), REG_NOMATCH, or REG_ESPACE.
 *
 * __regex_run follows all ways in step, in time proportional to program times text.
 * __regex_backtrack tries them one by one, and understands BACKREF.
 */
int __regex_run(const struct program *p, const char *text, size_t start, size_t end, int flags,
                regoff_t *caps);
int __regex_backtrack(const struct program *p, const char *text, size_t start, size_t end,
                      int flags, regoff_t *caps);

/* One instruction against one place. */
int __regex_takes(const struct program *p, const struct inst *in, unsigned char c);
int __regex_holds(const struct program *p, const struct inst *in, const char *text, size_t at,
                  size_t end, int flags);

static inline int charset_has(const struct charset *set, unsigned char c)
{
    return (set->bits[c / 64] >> (c % 64)) & 1;
}

static inline void charset_add(struct charset *set, unsigned char c)
{
    set->bits[c / 64] |= 1UL << (c % 64);
}

#endif
