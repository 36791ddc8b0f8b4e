// What swaparea.c and swapoff.c share.
#pragma once

#include "sched/mutex.h"
#include "vm/swapmap.h"

extern struct mutex swapon_lock; // RANK_SWAPON: one swapon or swapoff at a time
// swapon_lock held: the area of a file or device, or NULL.
struct swap_area *swap_area_find(const struct mapping *m);
void swap_area_free(struct swap_area *a); // not its source
