// The reclaim lists: every page that reclaim may take, in the order in which it should.
//
// Two lists each for memory whose place is swap (anonymous, shared memory, tmpfs) and for file
// pages, after Linux 2.6: a page begins on the inactive list; whoever is used again while it waits
// there moves to the active one. A fifth list keeps what mlock(2) holds.
//
//   lru_add --> inactive [head ...... tail] --isolate--> reclaim: away, or lru_putback
//                  ^                |
//                  | deactivate     | activate
//               active [tail ...... head]
#pragma once

#include "mm/page.h"

enum lru_list {
    LRU_INACTIVE_ANON,
    LRU_ACTIVE_ANON,
    LRU_INACTIVE_FILE,
    LRU_ACTIVE_FILE,
    LRU_UNEVICTABLE,
    LRU_COUNT
};

// Puts a page in use on the list that its flags name (PG_ANON or PG_SWAPBACKED, PG_ACTIVE,
// mlocked), at the head. It leaves by itself when it is freed. Any context.
void lru_add(struct page *p);
// Takes it off, if it is on one. PG_ACTIVE stays.
void lru_remove(struct page *p);
// To the head of the active list; clears PG_REFERENCED. Nothing if it is on none, or locked there.
void lru_activate(struct page *p);
// To the tail of the inactive list: next to go.
void lru_rotate(struct page *p);
// page->mlocked became 0, or no longer is: to the right list.
void lru_update_mlocked(struct page *p);
// A block whose frames are pages of their own now, like its head, whose order becomes 0: all go to
// the list's head; if it is on no list, the others become the next to go.
void lru_split(struct page *head);
// Takes up to n pages from the tail of a list, with a reference each; returns how many. Pages on
// their way to the allocator are passed over.
size_t lru_isolate(enum lru_list l, struct page **pages, size_t n);
// Isolated pages go back to where their flags say, at the head; drops the references.
void lru_putback(struct page **pages, size_t n);
// Frames (not list entries) on a list.
uint64_t lru_pages(enum lru_list l);
void lru_check(void); // walks the lists; asserts on a breach

// Frees pages whose last reference is gone: page_release() for each, the lists' lock taken once.
void pages_release(struct page **pages, size_t n);
// page_put() for each.
void pages_put(struct page **pages, size_t n);
