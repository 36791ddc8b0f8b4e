/* What the library's files share among themselves and programs must not use. */
#ifndef XV_LIBC_H
#define XV_LIBC_H

/* The stack as the kernel left it: argc, argv, 0, envp, 0, auxiliary vector. */
extern long *__initial_stack;

/*
 * Work for exit(), set by the first use of what needs it, so that a program without atexit() or
 * stdio does not carry either.
 */
extern void (*__exit_handlers)(void);
extern void (*__exit_flush)(void);

/* errno set to err; returns -1 */
int __fail(int err);

#endif
