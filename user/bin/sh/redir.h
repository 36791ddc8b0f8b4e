/*
 * Redirections.
 */
#pragma once

#include "ast.h"

struct saved_fd {
    int fd;
    int copy; /* -1: fd was closed */
};

/* What to put back. Zero-initialized: nothing. */
struct redir_save {
    struct saved_fd *fds;
    size_t n;
};

/*
 * Carries the redirections out, in order. With save, redir_restore() undoes them, also after an
 * error; without, they stay. 0, or -1 after a message.
 */
int redir_apply(const struct redir *r, struct redir_save *save);
void redir_restore(struct redir_save *save);
/* Moves a descriptor out of the way of the user's, 10 or above, closed on exec. */
int fd_move_up(int fd);
