// Taking PTEs out, and freeing what they mapped.
#pragma once

#include "vm/tlb.h"

// Clears the PTEs of [start, end). The frames go to g, as does the range to flush. private_copies
// false: only pages of the file go. False: there was no entry at all. Takes mm->ptl, a table at a time.
bool zap_range(struct tlb_gather *g, uaddr_t start, uaddr_t end, bool private_copies);
// Frees the tables that zapping [start, end) left empty. Nothing is mapped in [floor, ceiling), the
// free range around it.
void zap_tables(struct tlb_gather *g, uaddr_t start, uaddr_t end, uaddr_t floor, uaddr_t ceiling);
