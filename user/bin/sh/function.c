/*
 * Shell functions: a list, newest first. Each holds on to the arena its body was parsed into.
 */
#include <stdlib.h>
#include <string.h>

#include "var.h"

static struct function *functions;

struct function *function_first(void)
{
    return functions;
}

struct function *function_find(const char *name)
{
    struct function *f = functions;
    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

bool function_unset(const char *name)
{
    struct function **link = &functions;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    struct function *f = *link;
    if (!f)
        return false;
    *link = f->next;
    arena_put(f->arena);
    free(f);
    return true;
}

void function_define(const char *name, struct node *body, struct arena *a)
{
    arena_get(a);
    function_unset(name);
    struct function *f = mem_alloc(sizeof *f + strlen(name) + 1);
    strcpy(f->name, name);
    f->body = body;
    f->arena = a;
    f->next = functions;
    functions = f;
}
