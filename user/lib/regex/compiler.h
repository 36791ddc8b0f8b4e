/* What the parts of the expression compiler share: scan.c, bracket.c, compile.c. */
#ifndef XV_REGEX_COMPILER_H
#define XV_REGEX_COMPILER_H

#include "program.h"

enum token {
    T_END,
    T_CHAR,
    T_ANY,
    T_BRACKET,
    T_STAR,
    T_PLUS,
    T_QUEST,
    T_BRACE,
    T_OPEN,
    T_CLOSE,
    T_OR,
    T_BOL,
    T_EOL,
    T_BACKREF,
    T_CLASS, /* \w and its like */
    T_PLACE, /* \b and its like */
};

struct compiler {
    struct program *prog;
    const char *p; /* behind the current token */
    enum token token;
    unsigned char c;  /* of T_CHAR, T_BACKREF, T_CLASS, T_PLACE */
    int at_start;     /* of the pattern, a group or an alternative: * is a character, ^ an anchor */
    int error;
    int depth;
    unsigned closed;  /* groups 1..9 that are complete, as bits */
};

/* Remembers the first error and makes the parser see the end. */
void __regex_fail(struct compiler *k, int error);

/* The next token, from k->p. */
enum token __regex_scan(struct compiler *k);

/* Appends an instruction; on failure a dummy is returned. */
struct inst *__regex_emit(struct compiler *k, enum opcode op, int a, int b);

/* "[...]", with k->p behind the first bracket, and \w \W \s \S. */
void __regex_bracket(struct compiler *k);
void __regex_class(struct compiler *k);

#endif
