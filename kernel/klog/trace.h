// Event counters and a ring of trace events: what happened last, for debug commands and graders.
// An event is a constant string and two words; recording costs about ten instructions when on and
// one branch when off.
#pragma once

#include "lib/compiler.h"

extern bool trace_on;
void trace_record(const char *event, uint64_t a, uint64_t b);
static inline void trace(const char *event, uint64_t a, uint64_t b) {
    if (unlikely(trace_on))
        trace_record(event, a, b);
}
void trace_dump(size_t last);
