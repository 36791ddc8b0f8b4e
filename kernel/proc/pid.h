// Numbers of threads, processes, process groups and sessions. A number stays taken while any of
// these has it. No table: a radix tree from number to struct pid, grown as needed.
#pragma once

#include "lib/list.h"
#include "lib/refcount.h"
#include "sync/spinlock.h"

struct process;
struct thread;

#define PID_MAX_DEFAULT 32768
#define PID_MAX_LIMIT 4194304

struct pid {
    int nr;                 // [I]
    int users;              // [proc] thread, process, members of the group and of the session
    struct thread *thread;  // [proc] the live thread of this number, or NULL
    struct process *proc;   // [proc] the process of this number until it is reaped, or NULL
    struct list group;      // [proc] processes of the process group of this number
    int session_members;    // [proc] processes of the session of this number
};

// A new number, one user. NULL with *err set: -EAGAIN (all taken), -ENOMEM.
struct pid *__must_check pid_alloc(int *err);
struct pid *pid_find_locked(int nr); // proc_lock held
static inline void pid_hold(struct pid *p) { p->users++; } // proc_lock held
// Drops n users; the last frees the number. proc_lock held; the memory goes at pid_flush().
void pid_drop(struct pid *p);
// Frees what pid_drop() left. No lock held.
void pid_flush(void);
// The first number >= *nr that is taken, its struct pid; NULL: none. proc_lock held.
struct pid *pid_next_locked(int *nr);
int pid_last(void); // the number given out last
int pid_max(void);
int pid_set_max(int max); // 0 or -EINVAL
void pid_init(void);
