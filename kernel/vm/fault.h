// Page faults: what happens when a user address has no (or no sufficient) translation.
#pragma once

#include "lib/compiler.h"

struct mm;
struct page;

enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };

// Solves a fault at addr, or says why not:
//   0        solved (or another thread did): retry the instruction
//   -EFAULT  no VMA there (SIGSEGV, SEGV_MAPERR)
//   -EACCES  the VMA forbids it (SIGSEGV, SEGV_ACCERR)
//   -EIO     beyond the end of the file, or the read failed (SIGBUS)
//   -ENOMEM  out of memory: the process is killed
// Sleeps; takes mm->lock for reading.
int __must_check vm_fault(struct mm *mm, uaddr_t addr, enum fault_access access);
extern struct page *zero_page; // one frame of zeroes, mapped wherever only reads were seen
void fault_init(void);
