// What the address sanitizer says before the machine stops: the access, the object that it missed,
// who allocated that and who freed it, and the shadow around.
//
// The kind of crime follows from the shadow byte; the object from the address:
//
//   slab page           the object whose slot it is, or the next one if that is nearer
//   kernel image        the global whose redzone it is (the compiler's tables)
//   a stack's redzone   the frame: below its first redzone lie a magic word, a description of the
//                       variables ("2 32 16 6 buf:12 64 8 1 n", offset size length name) and a pc
//   other RAM           the block of pages
//
// No lock is taken, and nothing is believed: this may be the reason why the kernel dies.
#include "mm/kasan_impl.h"

#include "klog/backtrace.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/string.h"

#define FRAME_MAGIC 0x41b58ab3 // GCC's and Clang's
#define SHADOW_ROW 16          // bytes of shadow in a line
#define say(...) printk(LOG_EMERG, "  " __VA_ARGS__)

// ---- words --------------------------------------------------------------------------------------

static const char *crime_of(uint8_t value) {
    switch (value) {
    case KASAN_STACK_LEFT:
    case KASAN_STACK_MID:
    case KASAN_STACK_RIGHT:
        return "out of bounds on the stack";
    case KASAN_STACK_SCOPE:
        return "use of a variable whose block has ended";
    case KASAN_STACK_FREE:
        return "use of a stack whose thread is gone";
    case KASAN_GLOBAL:
        return "out of bounds of a global";
    case KASAN_SLAB_GAP:
    case KASAN_UNASKED:
        return "out of bounds";
    case KASAN_SLAB_FREE:
    case KASAN_PAGE_FREE:
        return "use after free";
    default:
        return "wild access";
    }
}

// The byte that tells why: behind an object's last, partial granule comes its redzone.
static uint8_t reason(vaddr_t bad) {
    uint8_t value = *shadow_of(bad);
    return value < GRANULE ? *shadow_of(bad + GRANULE) : value;
}

static void say_where(vaddr_t addr, const char *what, vaddr_t start, size_t size) {
    vaddr_t end = start + size;
    const char *place = addr < start ? "before it" : addr < end ? "inside it" : "past its end";
    uint64_t distance = addr < start ? start - addr : addr < end ? addr - start : addr - end;

    say("%s, %zu bytes from %#lx: the access is %lu bytes %s\n", what, size, start, distance,
        place);
}

// ---- slab objects -------------------------------------------------------------------------------

static void say_track(const char *what, const struct kasan_track *t) {
    if (!t->cpu)
        return;
    say("%s on cpu %u at %u.%03u s by\n", what, t->cpu - 1, t->ms / 1000, t->ms % 1000);
    for (size_t i = 0; i < ARRAY_SIZE(t->pc) && t->pc[i]; i++) {
        vaddr_t pc = (vaddr_t)__text_start + t->pc[i];
        say("  %#lx %s\n", pc, function_name(pc - 1));
    }
}

// Bytes from start on that may be touched, `room` at most.
static size_t usable(vaddr_t start, size_t room) {
    size_t n = 0;
    while (n < room && *shadow_of(start + n) == 0)
        n += GRANULE;
    return n < room && *shadow_of(start + n) < GRANULE ? n + *shadow_of(start + n) : n;
}

static void say_slab_object(vaddr_t addr, const struct slab_cache *c) {
    vaddr_t first = (vaddr_t)slab_first(slab_of(c, (void *)addr));
    uint64_t i = addr < first ? 0 : min((addr - first) / c->stride, c->objs_per_slab - 1UL);
    vaddr_t obj = first + i * c->stride;
    bool next_is_nearer = addr >= obj + c->size && obj + c->stride - addr < addr - (obj + c->size);

    if (next_is_nearer && i + 1 < c->objs_per_slab)
        obj += c->stride;
    size_t size = *shadow_of(obj) == KASAN_SLAB_FREE ? c->size : usable(obj, c->size);
    say("slab cache %s, for objects of %zu bytes\n", c->name, c->size);
    say_where(addr, "object", obj, size);
    const struct kasan_owners *o = kasan_owners(c, (void *)obj);
    say_track("allocated", &o->allocated);
    say_track("freed", &o->freed);
}

// ---- variables of a frame -----------------------------------------------------------------------

// A frame's base: the lowest byte of the redzone below its first variable. 0: none found.
static vaddr_t frame_of(vaddr_t addr) {
    vaddr_t low = ALIGN_DOWN(addr, (vaddr_t)KSTACK_SIZE), at = ALIGN_DOWN(addr, GRANULE);

    while (at > low && *shadow_of(at) != KASAN_STACK_LEFT)
        at -= GRANULE;
    while (at > low && *shadow_of(at - GRANULE) == KASAN_STACK_LEFT)
        at -= GRANULE;
    return at > low && *(const uint64_t *)at == FRAME_MAGIC ? at : 0;
}

static void say_frame(vaddr_t addr) {
    vaddr_t base = frame_of(addr);
    if (!base) {
        say("no frame is known there\n");
        return;
    }
    const char *text = ((const char **)base)[1], *name = text;
    uint64_t n = parse_u64(text, &text, 10), start = 0, size = 0, length = 0;

    say("in the frame of %s\n", function_name(((const vaddr_t *)base)[2]));
    for (uint64_t i = 0; i < n; i++) {
        uint64_t offset = parse_u64(text + 1, &text, 10);
        if (i && base + offset > addr)
            break;
        start = base + offset;
        size = parse_u64(text + 1, &text, 10);
        length = parse_u64(text + 1, &text, 10);
        name = text + 1;
        text = name + length;
    }
    char variable[40];
    strlcpy(variable, name, min(length + 1, sizeof(variable)));
    say_where(addr, variable, start, size);
}

// ---- all of it ----------------------------------------------------------------------------------

static void say_block(vaddr_t addr) {
    const struct page *p = virt_to_page((void *)addr);

    if (reason(addr) == KASAN_PAGE_FREE || !pfn_valid(page_to_pfn(p))) {
        say("page %#lx is free\n", addr >> PAGE_SHIFT << PAGE_SHIFT);
        return;
    }
    while (p > mem_map && p->refcount == 0)
        p--; // to the head of the block
    vaddr_t start = (vaddr_t)page_to_virt(p);
    say_where(addr, "block of pages", start, usable(start, PAGE_SIZE << p->order));
}

static void say_global(vaddr_t addr) {
    const struct kasan_global *g = kasan_find_global(addr);
    if (!g)
        return;
    say("global %s of %s\n", g->name, g->file);
    say_where(addr, g->name, g->start, g->size);
}

static bool is_stack_value(uint8_t v) {
    return (v >= KASAN_STACK_LEFT && v <= KASAN_STACK_RIGHT) || v == KASAN_STACK_SCOPE;
}

static void say_object(vaddr_t addr, bool dead) {
    if (dead)
        say("in the current stack, below its pointer\n");
    else if (is_stack_value(reason(addr)))
        say_frame(addr);
    else if (addr >= (vaddr_t)__image_start && addr < (vaddr_t)__image_end)
        say_global(addr);
    else if (addr < VMALLOC_START && virt_to_page((void *)addr)->flags == 1u << PG_SLAB)
        say_slab_object(addr, virt_to_page((void *)addr)->owner);
    else if (addr < VMALLOC_START)
        say_block(addr);
    else
        say("in the vmalloc area (/proc/vmallocinfo)\n");
}

static void say_shadow(vaddr_t addr) {
    vaddr_t row = ALIGN_DOWN(addr, SHADOW_ROW * GRANULE);

    say("shadow, a byte for 8 bytes of memory:\n");
    for (vaddr_t at = row - 2 * SHADOW_ROW * GRANULE; at <= row + 2 * SHADOW_ROW * GRANULE;
         at += SHADOW_ROW * GRANULE) {
        say("%c %#lx:", at == row ? '>' : ' ', at);
        for (vaddr_t a = at; a < at + SHADOW_ROW * GRANULE; a += GRANULE)
            printk(LOG_EMERG, a == ALIGN_DOWN(addr, GRANULE) ? "[%02x]" : " %02x", *shadow_of(a));
        printk(LOG_EMERG, "\n");
    }
}

// The callers of the place `pc`, which is in some frame above this one: not the checker's own.
static void say_callers(vaddr_t pc) {
    const vaddr_t *fp = __builtin_frame_address(0);
    for (int i = 0; i < 10 && fp[-1] != pc; i++)
        fp = (const vaddr_t *)fp[-2];
    backtrace_print(pc, fp[-2]);
}

static void explain(const void *what) {
    const struct kasan_access *a = what;

    say_callers(a->pc);
    if (a->bad != a->addr)
        say("its first %lu bytes are right, %#lx is not\n", a->bad - a->addr, a->bad);
    say_object(a->bad, a->dead);
    say_shadow(a->bad);
}

void kasan_report(const struct kasan_access *a) {
    panic_explain(explain, a, "KASAN: %s: %s of %zu byte%s at %#lx by %s",
                  a->dead ? "use of a variable whose function has returned"
                          : crime_of(reason(a->bad)),
                  a->write ? "write" : "read", a->size, a->size == 1 ? "" : "s", a->addr,
                  function_name(a->pc - 1));
}

void kasan_report_free(const void *obj, vaddr_t pc) {
    struct kasan_access a = {.addr = (vaddr_t)obj, .bad = (vaddr_t)obj, .pc = pc};
    panic_explain(explain, &a, "KASAN: double free of %p by %s", obj, function_name(pc - 1));
}
