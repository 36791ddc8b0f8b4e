// The slots of one swap area: see swapslots.h.
//
// Rejected: a list of free slots (scatters neighbours); a list of empty clusters (an index and a
// link for each, to spare a search through one word for every 64 slots, once for 64 pages).
#include "vm/swapslots.h"

#include "lib/assert.h"

void slots_init(struct slots *s, uint64_t *used, uint64_t count) {
    assertf(count > 0, "an area of %lu slots", count);
    *s = (struct slots){.used = used, .words = BITMAP_WORDS(count), .count = count, .free = count};
    s->empty = s->words;
    if (count % SLOT_CLUSTER) {
        used[s->words - 1] = ~0UL << count % SLOT_CLUSTER;
        s->empty--;
    }
}

static void take(struct slots *s, uint64_t slot) {
    s->empty -= s->used[slot / SLOT_CLUSTER] == 0;
    bit_set(s->used, slot);
    s->free--;
}

bool slots_reserve(struct slots *s, uint64_t slot) {
    assertf(slot < s->count, "slot %lu of %lu", slot, s->count);
    if (slots_used(s, slot))
        return false;
    take(s, slot);
    return true;
}

// The first slot of an empty cluster, or else of one that has a free slot. There is one.
static uint64_t find_cluster(struct slots *s) {
    uint64_t word = s->search < s->words ? s->search : 0, left = s->words;
    for (; left; left--) {
        if (s->empty ? s->used[word] == 0 : ~s->used[word] != 0)
            break;
        word = word + 1 < s->words ? word + 1 : 0;
    }
    assertf(left, "%lu slots free, %lu clusters empty, none found", s->free, s->empty);
    s->search = word + 1;
    return word * SLOT_CLUSTER;
}

// Free slots from `slot` on in its cluster: bit 0 is `slot` itself.
static uint64_t free_from(const struct slots *s, uint64_t slot) {
    return ~s->used[slot / SLOT_CLUSTER] >> slot % SLOT_CLUSTER;
}

uint64_t slots_alloc(struct slots *s, uint32_t cpu, bool *fresh) {
    uint64_t slot = s->next[cpu];

    *fresh = false;
    if (s->free == 0)
        return SLOT_NONE;
    if (slot % SLOT_CLUSTER == 0 || !free_from(s, slot)) {
        slot = find_cluster(s);
        *fresh = true;
    }
    slot += (uint64_t)bit_lowest(free_from(s, slot));
    assertf(slot < s->count && !slots_used(s, slot), "slot %lu of %lu", slot, s->count);
    take(s, slot);
    s->next[cpu] = slot + 1;
    return slot;
}

void slots_free(struct slots *s, uint64_t slot) {
    assertf(slot < s->count && slots_used(s, slot), "slot %lu of %lu is free", slot, s->count);
    bit_clear(s->used, slot);
    s->free++;
    s->empty += s->used[slot / SLOT_CLUSTER] == 0;
}

void slots_check(const struct slots *s) {
    uint64_t empty = 0, past = s->words * SLOT_CLUSTER - s->count;
    for (uint64_t w = 0; w < s->words; w++)
        empty += s->used[w] == 0;
    uint64_t taken = bitmap_weight(s->used, s->words * SLOT_CLUSTER) - past;
    assertf(taken + s->free == s->count, "%lu slots taken, %lu free of %lu", taken, s->free,
            s->count);
    assertf(empty == s->empty, "%lu empty clusters, counted %lu", empty, s->empty);
    for (uint64_t slot = s->count; slot < s->words * SLOT_CLUSTER; slot++)
        assertf(slots_used(s, slot), "slot %lu past the end is free", slot);
}
