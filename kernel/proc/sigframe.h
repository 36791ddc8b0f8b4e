// Signal frames: how a handler is called, and how it comes back.
#pragma once

#include "abi/signal.h"
#include "lib/types.h"
#include "lib/compiler.h"

struct signal_note;
struct trapframe;

// Saves *tf on the user's stack and makes it call the handler; `mask` comes back with the return.
// 0 or -EFAULT (nothing changed).
int __must_check sigframe_push(struct trapframe *tf, int sig, const struct sigaction *a,
                               const struct signal_note *n, uint64_t mask);
// rt_sigreturn(2): *tf, mask and floating point as saved. Returns the restored a0. A bad frame ends
// the process by SIGSEGV.
long sigframe_pop(struct trapframe *tf);
void sigframe_info(int sig, const struct signal_note *n, siginfo_t *out);
// sigaltstack(2): new may be NULL. 0, -EINVAL, -ENOMEM (too small), -EPERM (in use).
int sigframe_altstack(const stack_t *new, stack_t *old);
// Maps the code that handlers return to into the current address space, once. 0 or -errno.
int __must_check sigframe_map_return(void);
int __must_check sigframe_init(void); // boot: makes that code's page
