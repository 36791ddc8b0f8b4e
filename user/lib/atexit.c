/* Functions to call at exit, in blocks so that their number is not limited. */
#include "libc.h"
#include <stdlib.h>

#define BLOCK_FUNCTIONS 32

struct block {
    struct block *next;
    int count;
    void (*fn[BLOCK_FUNCTIONS])(void);
};

static struct block first;
static struct block *newest = &first;

static void run_handlers(void)
{
    while (newest) {
        /* a handler may register another one: look at the newest block again after each call */
        if (newest->count)
            newest->fn[--newest->count]();
        else
            newest = newest->next;
    }
}

int atexit(void (*fn)(void))
{
    if (!newest)
        newest = &first; /* called by the last handler */
    if (newest->count == BLOCK_FUNCTIONS) {
        struct block *b = malloc(sizeof(*b));
        if (!b)
            return -1;
        b->next = newest;
        b->count = 0;
        newest = b;
    }
    newest->fn[newest->count++] = fn;
    __exit_handlers = run_handlers;
    return 0;
}
