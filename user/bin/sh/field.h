/*
 * Fields in the making: the last steps of word expansion, splitting and file names.
 */
#pragma once

#include <stdbool.h>

#include "mem.h"

enum field_mode {
    FIELD_SPLIT,      /* fields, split and matched with file names */
    FIELD_STRING,     /* one string */
    FIELD_PATTERN,    /* one pattern */
    FIELD_ASSIGNMENT, /* one string, with tildes after colons */
};

struct fields {
    enum field_mode mode;
    struct strvec *out;   /* SPLIT: where finished fields go */
    struct strbuf text;   /* the field so far; SPLIT and PATTERN: as a pattern */
    bool started;         /* there is a field, even if empty */
    bool after_space;     /* the last field ended at white space; a delimiter may still follow */
};

/* What splits fields now. */
const char *fields_ifs(void);
void fields_init(struct fields *f, enum field_mode mode, struct strvec *out);
/* Text as written. Quoted text makes a field even when it is empty. */
void fields_literal(struct fields *f, const char *s, bool quoted);
/* What an unquoted expansion gave. */
void fields_split(struct fields *f, const char *s);
/* Ends the field, if there is one: between the fields of $@, and at the end of a word. */
void fields_break(struct fields *f);
