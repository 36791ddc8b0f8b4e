// Walks in steps, for the calls that create or open the last component. Inside fs/ only.
#pragma once

#include "fs/path.h"

struct walk {
    struct fsctx *ctx;
    struct path at;        // held: where the walk stands; empty before the first step
    const struct path *start; // borrowed: where a relative name begins, or NULL
    const char *rest;      // what is left of the name
    char *text;            // after a symbolic link: the memory that rest points into
    uint32_t flags;        // LOOKUP_FOLLOW, LOOKUP_DIRECTORY
    uint32_t links;        // followed so far
};

struct component { // the next one of a name
    const char *name, *next; // next: after it and the slashes that follow
    uint32_t len, hash;      // len 0: the name is used up
    bool slash, last;        // slashes follow it; nothing but them follows it
};

void walk_start(struct walk *w, struct fsctx *ctx, const struct path *start, const char *name,
                uint32_t flags);
void walk_end(struct walk *w); // releases what it holds
// To the end of the name; w->at is the result.
int __must_check walk_all(struct walk *w);
// To the directory of the last component, which is left in *last. w->at is a directory that may be
// searched.
int __must_check walk_parent(struct walk *w, struct component *last);
// Follows the symbolic link `link`, which is the component c of w->at: sets the walk up to go on
// with its text and what follows c.
int __must_check walk_follow(struct walk *w, struct dentry *link, const struct component *c);
static inline bool component_is_dots(const struct component *c) {
    return c->name[0] == '.' && (c->len == 1 || (c->len == 2 && c->name[1] == '.'));
}
