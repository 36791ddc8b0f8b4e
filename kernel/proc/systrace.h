// Sessions of system call tracing (abi/systrace.h): which calls, and what they left behind.
//
// A thread with a session has syscall_limit 0, so that each of its calls takes the slow way of
// sys/syscall.c, which records. Others pay nothing: the limit is compared with in any case.
#pragma once

#include "abi/systrace.h"
#include "lib/compiler.h"

#define SYSCALL_MAX 512

struct systrace;
struct thread;

// The current thread begins a session of its own (mask: SYSTRACE_WORDS words) and leaves its old
// one. 0 or -ENOMEM (then nothing changes).
int __must_check systrace_start(const uint64_t *mask);
void systrace_stop(void);
// t is the current thread's child: it takes part in the session, if there is one.
void systrace_fork(struct thread *t);
// The current thread's call has ended. Adds seq and tid.
void systrace_record(struct systrace_event *e);
// The oldest event; false: there is none. It stays until systrace_drop() of its seq.
bool systrace_peek(struct systrace_event *out);
void systrace_drop(uint64_t seq);
