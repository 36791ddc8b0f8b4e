/*
 * Shell variables and functions.
 */
#pragma once

#include <stdbool.h>

#include "ast.h"
#include "mem.h"

struct var {
    struct var *next;  /* in its hash chain */
    char *value;       /* NULL: exported or read-only, but unset */
    bool exported;
    bool readonly;
    char name[];
};

/* Takes the environment over, sets the defaults. */
void var_init(char **environ_list);
/* NULL when unset. */
const char *var_get(const char *name);
/* The value, or other when unset. */
const char *var_get_or(const char *name, const char *other);
/* 0, or -1 after a message when the variable is read-only. */
int var_set(const char *name, const char *value);
int var_set_number(const char *name, long value);
int var_unset(const char *name);
/* Find or make; value stays as it is. */
struct var *var_intern(const char *name);
/* "name=value" strings of everything exported. */
void var_environment(struct strvec *out);
/* "name=value" for export -p and its like: pick chooses, NULL takes all that are set. */
void var_print(const char *prefix, bool (*pick)(const struct var *v));

/*
 * Scopes: what local and temporary assignments changed comes back at var_scope_leave().
 * Scopes nest as function calls do.
 */
struct saved_var {
    struct saved_var *next;
    char *name;
    char *value;
    bool existed;
    bool exported;
};

struct scope {
    struct scope *outer;
    struct saved_var *saved;
    bool of_function;
};

void var_scope_enter(struct scope *s, bool of_function);
void var_scope_leave(struct scope *s);
/* Remembers the variable in the innermost scope, or the innermost function's; false: no scope. */
bool var_scope_save(const char *name, bool of_function);

struct function {
    struct function *next;
    struct arena *arena; /* holds body */
    struct node *body;
    char name[];
};

struct function *function_find(const char *name);
void function_define(const char *name, struct node *body, struct arena *a);
bool function_unset(const char *name);
struct function *function_first(void);
