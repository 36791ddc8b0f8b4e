// Mappings that count what vma.c does with them.
#pragma once

#include "vm/mm.h"
#include "vm/vma.h"

struct mapping_ops {
    void (*hold)(void *file);
    void (*release)(void *file);
};

struct mapping {
    const struct mapping_ops *ops;
    struct list vmas;
    int locked;
};

static inline void rmap_add_vma(struct vma *v) { list_push_back(&v->mapping->vmas, &v->rmap_link); }
static inline void rmap_remove_vma(struct vma *v) { list_remove(&v->rmap_link); }
static inline void rmap_edit_begin(struct mapping *m) { m ? m->locked++ : 0; }
static inline void rmap_edit_end(struct mapping *m) { m ? m->locked-- : 0; }
static inline void rmap_add_moved(struct vma *v) {
    list_push_back(&v->mm->moved, &v->moved_link);
}
static inline void rmap_remove_moved(struct vma *v) { list_remove(&v->moved_link); }
