// The inside of swap: what swapmap.c, swapio.c, swaparea.c and swapoff.c share.
#pragma once

#include "sync/spinlock.h"
#include "vm/swap.h"
#include "vm/swapslots.h"

// One for each slot. Lock: swap_lock.
struct swap_slot {
    uint32_t count; // entries that name it, and flags
    uint32_t pfn;   // of its page in the swap cache; 0: none
};
#define SLOT_BAD (1u << 31)      // a write failed: never given out again
#define SLOT_UNMAPPED (1u << 30) // its page is counted in NR_SWAPCACHE_UNMAPPED
#define SLOT_COUNT (SLOT_UNMAPPED - 1)

// Lock key: [swap] swap_lock  [on] swapon_lock  [I] immutable
struct swap_area {
    uint32_t number;        // [I] in entries
    int prio;               // [I]
    bool open;              // [swap] gives out slots: on the list
    struct list link;       // [swap] open areas, highest priority first
    struct slots slots;     // [swap]
    struct swap_slot *map;  // [swap] an entry for each slot
    uint64_t total;         // [I] slots that can hold a page
    uint64_t bad;           // [swap] slots that were given up
    struct swap_source src; // [I]
};

extern struct spinlock swap_lock; // RANK_SWAPMAP
extern struct list swap_mms;      // [swap] mm->swap_link

// The area, or NULL. It stays while swap_lock is held, or while an entry of it is in use.
struct swap_area *swap_area_at(uint32_t number);
// Registers a complete area under its number and opens it; the reverse needs it to be unused.
void swap_area_add(struct swap_area *a);
void swap_area_remove(struct swap_area *a);
// Gives out slots (or no longer).
void swap_area_open(struct swap_area *a, bool open);
bool swap_area_unused(struct swap_area *a);
// The area of an entry in use: it stays as long as that.
struct swap_area *swap_area_of(swp_t e);
void swap_slot_failed(swp_t e); // the write to it failed
bool swap_slot_is_bad(swp_t e);
// The sector of a slot, and how many slots follow one another on the disk from there on.
uint64_t swap_sector(const struct swap_area *a, uint64_t slot);
