// Out of memory, as a fault sees it: somebody else has to give memory back, or the process ends.
//
// Choosing whom to end needs processes, which are above: proc/oom.c, by oom_set_killer().
#pragma once

#include "lib/compiler.h"

// Upcall (docs/floors.md): ends a process, or waits for one that is ending. True: the caller may
// try again. False: the caller is the one that ends, or nobody was chosen. must: the caller dies
// otherwise, else it has an error to return, and asks only for what is worth a process. May sleep,
// with any lock held that may be held over an allocation.
void oom_set_killer(bool (*killer)(bool must));
// After an allocation failed, with mm->lock free. True: try again.
bool oom_make_room(void);
// Linux's "Mem-Info:" for the log.
void oom_show_memory(void);
