// Undefined behaviour, reported (UBSAN=1 builds; docs/checkers.md).
//
// Where C leaves something undefined, the compiler adds a test and, behind it, a call:
//
//   x << n   ->   n < 32 ? x << n : __ubsan_handle_shift_out_of_bounds_abort(&where, x, n)
//
// `where` is constant data in the compiler's format: file, line, column, and the types by name. A
// value comes in a word, or as a pointer to it when it is wider than one. GCC and Clang agree on
// all of this (the structures below); the names end in _abort because a handler does not return.
//
// Signed overflow is reported too, although these kernels are otherwise compiled with -fwrapv: it
// is defined then, but hardly ever meant. Code that wants to wrap around uses unsigned types.
//
// Not compiled with the checks themselves.
#include "klog/panic.h"
#include "lib/format.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" // only compiled code calls these

struct place {
    const char *file;
    uint32_t line, column;
};

struct type {
    uint16_t kind; // TYPE_*
    uint16_t info; // of an integer: log2 of its bits, then one bit: signed
    char name[];   // in quotes
};

#define TYPE_INTEGER 0

struct typed_place {
    struct place at;
    const struct type *type;
};

static bool is_signed(const struct type *t) { return t->kind == TYPE_INTEGER && t->info & 1; }

static unsigned bits_of(const struct type *t) { return 1u << (t->info >> 1); }

struct number {
    char text[40];
};

// A value as the program sees it.
static struct number show(const struct type *t, uint64_t v) {
    struct number n;
    if (t->kind != TYPE_INTEGER) {
        snprintf(n.text, sizeof(n.text), "a value");
    } else if (bits_of(t) > 64) {
        const uint64_t *wide = (const uint64_t *)v;
        snprintf(n.text, sizeof(n.text), "0x%lx%016lx", wide[1], wide[0]);
    } else if (is_signed(t)) {
        unsigned unused = 64 - bits_of(t);
        snprintf(n.text, sizeof(n.text), "%ld", (int64_t)(v << unused) >> unused);
    } else {
        snprintf(n.text, sizeof(n.text), "%lu", v);
    }
    return n;
}

static __noreturn __printf(2, 3) void report(const struct place *at, const char *fmt, ...) {
    char text[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    panic("UBSAN: %s:%u:%u: %s", at->file, at->line, at->column, text);
}

static __noreturn void overflow(const struct typed_place *w, uint64_t a, const char *op,
                                uint64_t b) {
    report(&w->at, "overflow: %s %s %s does not fit type %s", show(w->type, a).text, op,
           show(w->type, b).text, w->type->name);
}

void __ubsan_handle_add_overflow_abort(const struct typed_place *w, uint64_t a, uint64_t b) {
    overflow(w, a, "+", b);
}

void __ubsan_handle_sub_overflow_abort(const struct typed_place *w, uint64_t a, uint64_t b) {
    overflow(w, a, "-", b);
}

void __ubsan_handle_mul_overflow_abort(const struct typed_place *w, uint64_t a, uint64_t b) {
    overflow(w, a, "*", b);
}

void __ubsan_handle_negate_overflow_abort(const struct typed_place *w, uint64_t v) {
    report(&w->at, "overflow: -(%s) does not fit type %s", show(w->type, v).text, w->type->name);
}

void __ubsan_handle_divrem_overflow_abort(const struct typed_place *w, uint64_t a, uint64_t b) {
    bool zero = bits_of(w->type) <= 64 && b == 0;
    report(&w->at, "division %s: %s / %s in type %s", zero ? "by zero" : "overflow",
           show(w->type, a).text, show(w->type, b).text, w->type->name);
}

struct shift {
    struct place at;
    const struct type *left, *right;
};

void __ubsan_handle_shift_out_of_bounds_abort(const struct shift *w, uint64_t a, uint64_t n) {
    report(&w->at, "shift: %s by %s in the %u-bit type %s", show(w->left, a).text,
           show(w->right, n).text, bits_of(w->left), w->left->name);
}

struct indexing {
    struct place at;
    const struct type *array, *index;
};

void __ubsan_handle_out_of_bounds_abort(const struct indexing *w, uint64_t i) {
    report(&w->at, "bounds: index %s is out of the array of type %s", show(w->index, i).text,
           w->array->name);
}

struct pointing {
    struct place at;
    const struct type *type;
    uint8_t log_align;
    uint8_t kind;
};

static const char *use_of(uint8_t kind) {
    static const char *const words[] = {"load of", "store to", "reference to", "member access in",
                                        "member call on"};
    return kind < ARRAY_SIZE(words) ? words[kind] : "use of";
}

void __ubsan_handle_type_mismatch_v1_abort(const struct pointing *w, uint64_t p) {
    uint64_t align = 1UL << w->log_align;
    const char *use = use_of(w->kind);
    if (!p)
        report(&w->at, "null: %s type %s through a null pointer", use, w->type->name);
    if (!IS_ALIGNED(p, align))
        report(&w->at, "alignment: %s type %s at %#lx, not a multiple of %lu", use, w->type->name,
               p, align);
    report(&w->at, "object size: %s type %s at %#lx, where too little is left", use, w->type->name,
           p);
}

void __ubsan_handle_pointer_overflow_abort(const struct place *at, uint64_t from, uint64_t to) {
    report(at, "pointer overflow: from %#lx to %#lx", from, to);
}

void __ubsan_handle_load_invalid_value_abort(const struct typed_place *w, uint64_t v) {
    report(&w->at, "invalid value: %s is not of type %s", show(w->type, v).text, w->type->name);
}

void __ubsan_handle_vla_bound_not_positive_abort(const struct typed_place *w, uint64_t bound) {
    report(&w->at, "array of %s elements", show(w->type, bound).text);
}

struct nonnull {
    struct place at, attribute;
    int argument;
};

void __ubsan_handle_nonnull_arg_abort(const struct nonnull *w) {
    report(&w->at, "null: argument %d must not be a null pointer", w->argument);
}

void __ubsan_handle_nonnull_return_v1_abort(const void *unused, const struct place *at) {
    report(at, "null: the result must not be a null pointer");
}

struct builtin {
    struct place at;
    uint8_t kind;
};

void __ubsan_handle_invalid_builtin_abort(const struct builtin *w) {
    report(&w->at, "__builtin_%s(0) has no value", w->kind ? "clz" : "ctz");
}

void __ubsan_handle_alignment_assumption_abort(const struct typed_place *w, uint64_t p,
                                               uint64_t align, uint64_t offset) {
    report(&w->at, "alignment: %#lx - %lu was said to be a multiple of %lu", p, offset, align);
}

__noreturn void __ubsan_handle_builtin_unreachable(const struct place *at) {
    report(at, "a place was reached that was said to be unreachable");
}
