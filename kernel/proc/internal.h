// Shared by the files of proc/ only.
#pragma once

#include "proc/process.h"

struct process *__must_check process_alloc(void); // one reference, nothing linked
void rlimits_init(struct process *p);
// RLIMIT_NPROC: has p's user as many threads as allowed? proc_lock held.
bool process_count_exceeded_locked(struct process *p);
// exec: ends all other threads and waits; -EINTR when the process is being killed itself.
int __must_check process_single_thread(void);
// Lets the parent of a vfork go on.
void process_vfork_done(struct process *p);
// proc_lock held: out of the tree, the group and the list. The caller puts the tree's reference and
// calls pid_flush() after unlocking.
void process_reap_locked(struct process *p);
// tty.c: the session leader p has ended: its terminal is nobody's any more.
void terminal_hangup(struct process *p);
// The device number and the foreground group of a session's terminal; 0 and -1 without one.
void terminal_describe(int session, int *tty_nr, int *foreground);

// procfs_maps.c
struct textbuf;
int procfs_show_maps(struct textbuf *b, struct process *p);
int procfs_show_smaps(struct textbuf *b, struct process *p);
int procfs_show_smaps_rollup(struct textbuf *b, struct process *p);
ssize_t procfs_read_pagemap(char *buf, size_t n, off_t pos, struct process *p);

// oom.c
void oom_note_exit(struct process *p); // its memory has gone
int procfs_show_oom_score(struct textbuf *b, struct process *p);
int procfs_show_oom_score_adj(struct textbuf *b, struct process *p);
int procfs_store_oom_score_adj(const char *text, size_t n, struct process *p);
void oom_init(void); // registers with vm/oom.c
