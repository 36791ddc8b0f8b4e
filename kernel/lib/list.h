// Circular doubly linked lists. The head is a node; objects embed nodes.
//
//   head <-> a.node <-> b.node <-> head
//
// A removed node points to itself, so list_empty(&node) tells whether it is on a list and removing
// twice is harmless. The caller holds whatever lock guards the list.
#pragma once

#include "lib/compiler.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_last(head, type, member) list_entry((head)->prev, type, member)

// &pos->member, also when pos stands for the head, which lies in no entry and may be aligned less.
#define list_node(pos, member) ((struct list *)((char *)(pos) + offsetof(__typeof__(*pos), member)))

#define list_for_each(pos, head, member)                                                           \
    for (pos = list_entry((head)->next, __typeof__(*pos), member);                                 \
         list_node(pos, member) != (head);                                                         \
         pos = list_entry(list_node(pos, member)->next, __typeof__(*pos), member))

// The same where the body may remove pos.
#define list_for_each_safe(pos, tmp, head, member)                                                 \
    for (pos = list_entry((head)->next, __typeof__(*pos), member),                                 \
        tmp = list_entry(list_node(pos, member)->next, __typeof__(*pos), member);                  \
         list_node(pos, member) != (head);                                                         \
         pos = tmp, tmp = list_entry(list_node(tmp, member)->next, __typeof__(*tmp), member))

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert_between(struct list *n, struct list *prev, struct list *next) {
    n->prev = prev;
    n->next = next;
    prev->next = n;
    next->prev = n;
}

static inline void list_push_front(struct list *head, struct list *n) {
    list_insert_between(n, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *n) {
    list_insert_between(n, head->prev, head);
}

static inline void list_remove(struct list *n) {
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = n;
}

static inline void list_move_back(struct list *head, struct list *n) {
    list_remove(n);
    list_push_back(head, n);
}

static inline void list_move_front(struct list *head, struct list *n) {
    list_remove(n);
    list_push_front(head, n);
}

// Moves all of `from` to the end of `head` and leaves `from` empty.
static inline void list_splice_back(struct list *head, struct list *from) {
    if (list_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    list_init(from);
}
