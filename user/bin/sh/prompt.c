/*
 * Prompts: PS1 and its like are expanded as if in double quotes. An error in one must not get in
 * the way, so then the text stands as it is.
 */
#include "prompt.h"

#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "expand.h"
#include "parse.h"
#include "shell.h"
#include "var.h"

static char *expand_prompt(const char *text)
{
    struct arena *arena = arena_new();
    enum flow flow = sh.flow;
    int status = sh.status;
    struct word *w = parse_quoted_text(arena, text, strlen(text), 0);
    char *result = w ? expand_string(w) : mem_strdup(text);
    arena_put(arena);
    sh.flow = flow;
    sh.status = status;
    return result;
}

const char *prompt_text(const char *variable)
{
    static char *last;
    const char *text = var_get_or(variable, "");
    free(last);
    last = strpbrk(text, "$`\\") ? expand_prompt(text) : mem_strdup(text);
    return last;
}
