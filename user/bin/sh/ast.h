/*
 * The syntax tree of a command. Built by lex.c, word.c and parse.c in an arena, read-only after.
 *
 *     node --- item --- item ...          lists, && and || chains, pipelines
 *       |
 *       +-- word --- word ...             arguments
 *             |
 *             part --- part ...           text, $x, $(...), $((...))
 */
#pragma once

#include <stdbool.h>

#include "mem.h"

struct node;
struct word;

enum part_type {
    PART_TEXT,
    PART_PARAM,   /* $x ${x...} */
    PART_COMMAND, /* $(...) `...` */
    PART_ARITH,   /* $((...)) */
};

enum param_op {
    PARAM_PLAIN,
    PARAM_LENGTH,      /* ${#x} */
    PARAM_DEFAULT,     /* ${x-w} */
    PARAM_ASSIGN,      /* ${x=w} */
    PARAM_ALTERNATE,   /* ${x+w} */
    PARAM_ERROR,       /* ${x?w} */
    PARAM_PREFIX,      /* ${x#p} */
    PARAM_PREFIX_LONG, /* ${x##p} */
    PARAM_SUFFIX,      /* ${x%p} */
    PARAM_SUFFIX_LONG, /* ${x%%p} */
};

struct part {
    struct part *next;
    enum part_type type;
    bool quoted;        /* neither split nor globbed */
    bool colon;         /* ${x:-w}: an empty value counts as unset */
    enum param_op op;
    const char *text;   /* TEXT: the characters; PARAM: the name */
    struct word *arg;   /* PARAM: the word after the operator; ARITH: the expression */
    struct node *body;  /* COMMAND; NULL when empty */
};

struct word {
    struct word *next;
    struct part *parts; /* NULL: an empty word, as in ${x:-} */
};

struct assign {
    struct assign *next;
    const char *name;
    struct word *value;
};

enum redir_type {
    REDIR_READ,       /* <  */
    REDIR_WRITE,      /* >  */
    REDIR_APPEND,     /* >> */
    REDIR_CLOBBER,    /* >| */
    REDIR_READ_WRITE, /* <> */
    REDIR_DUP,        /* <& and >& */
    REDIR_HERE,       /* << and <<-: target is the text */
};

struct redir {
    struct redir *next;
    enum redir_type type;
    int fd;
    struct word *target;
};

enum item_op {
    ITEM_THEN,  /* ; or newline */
    ITEM_ASYNC, /* & */
    ITEM_AND,   /* && */
    ITEM_OR,    /* || */
    ITEM_PIPE,  /* | */
};

/* One command of a chain; op is what stands after it in a list, before it in an and-or chain. */
struct item {
    struct item *next;
    enum item_op op;
    struct node *node;
};

struct case_arm {
    struct case_arm *next;
    struct word *patterns;
    struct node *body; /* NULL when empty */
};

enum node_type {
    NODE_SIMPLE,
    NODE_PIPELINE,
    NODE_NOT,
    NODE_AND_OR,
    NODE_LIST,
    NODE_SUBSHELL,
    NODE_GROUP,
    NODE_IF,
    NODE_WHILE,
    NODE_UNTIL,
    NODE_FOR,
    NODE_CASE,
    NODE_FUNCTION,
};

struct node {
    enum node_type type;
    int line;
    const char *source;   /* what was typed, for jobs; only pipelines and async lists have it */
    struct redir *redirs; /* simple and compound commands */
    union {
        struct { /* SIMPLE */
            struct assign *assigns;
            struct word *words;
        };
        struct item *items; /* PIPELINE AND_OR LIST */
        struct {            /* NOT SUBSHELL GROUP FUNCTION; IF WHILE UNTIL; FOR CASE */
            struct node *body;
            struct node *test;
            struct node *otherwise; /* IF */
            const char *name;       /* FUNCTION FOR */
            struct word *subject;   /* FOR: the words; CASE: the word */
            struct case_arm *arms;
            bool all_params;        /* FOR without in */
        };
    };
};
