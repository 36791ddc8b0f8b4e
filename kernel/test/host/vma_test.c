// vm/vma.c: drawn cases, and random operations against an array of pages.
//
// Cases are drawn: one character for each page, a letter is a kind of VMA (its flags), a blank is a
// hole, and '|' stands between two VMAs that touch. "AAA|BB  A" is three VMAs.
#include "host.h"

#include "lib/rbtree.c"
#include "vm/vma.c"

#include <time.h>

#define BASE 0x100000UL // address of the first drawn page
#define PAGES 200
#define OPS 4000

static size_t object_size;
static int live;       // VMAs allocated
static int fail_after; // allocations until one fails; -1: never

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*ctor)(void *)) {
    object_size = size;
    return NULL;
}

void *slab_alloc(struct slab_cache *c, unsigned gfp) {
    if (fail_after == 0)
        return NULL;
    if (fail_after > 0)
        fail_after--;
    live++;
    return malloc(object_size);
}

void slab_free(struct slab_cache *c, void *obj) {
    live--;
    free(obj);
}

static int holds; // of all files
static void hold(void *file) { holds++; }
static void release(void *file) { holds--; }
static const struct mapping_ops ops = {hold, release};
static struct mapping file_mapping;
static struct mm mm;

static void start(void) {
    vma_init();
    vma_tree_init(&mm);
    list_init(&file_mapping.vmas);
    file_mapping.ops = &ops;
    file_mapping.locked = 0;
    live = holds = 0;
    fail_after = -1;
}

static void finish(void) {
    struct vma *v, *next;
    list_for_each_safe(v, next, &mm.vma_list, link) {
        list_remove(&v->rmap_link);
        vma_remove(&mm, v);
        vma_free(v);
    }
    CHECK(live == 0 && holds == 0, "%d VMAs and %d holds leak", live, holds);
    CHECK(mm.map_count == 0 && !mm.vmas.node && !mm.vma_cache, "%lu", mm.map_count);
}

static uaddr_t page_addr(size_t page) { return BASE + page * PAGE_SIZE; }

// Kinds: upper-case letters are anonymous, lower-case ones map the file at the page's own number.
static struct vma *add(size_t from, size_t to, char kind) {
    struct vma *v = vma_alloc(&mm);
    CHECK(v, "no memory");
    v->start = page_addr(from);
    v->end = page_addr(to);
    v->flags = (uint32_t)(kind & 0x1f) << 16; // bits that vma.c gives no meaning
    v->pgoff = v->start >> PAGE_SHIFT;
    if (kind >= 'a') {
        v->mapping = &file_mapping;
        v->file = &file_mapping;
    }
    vma_open(v);
    vma_insert(&mm, v);
    return v;
}

static char kind_of(const struct vma *v) {
    return (char)((v->flags >> 16 & 0x1f) | (v->mapping ? 0x60 : 0x40));
}

static void build(const char *drawing) {
    size_t page = 0;
    for (const char *s = drawing; *s;) {
        size_t n = strspn(s, (char[]){*s, 0});
        if (*s != ' ' && *s != '|')
            add(page, page + n, *s);
        page += *s == '|' ? 0 : n;
        s += n;
    }
}

static const char *render(void) {
    static char text[2 * PAGES + 2];
    char *s = text;
    uaddr_t at = BASE;
    struct vma *v;
    list_for_each(v, &mm.vma_list, link) {
        if (v->start == at && at != BASE)
            *s++ = '|';
        for (; at < v->start; at += PAGE_SIZE)
            *s++ = ' ';
        for (; at < v->end; at += PAGE_SIZE)
            *s++ = kind_of(v);
    }
    *s = 0;
    return text;
}

#define EXPECT_DRAWING(want) CHECK(!strcmp(render(), want), "\"%s\", wanted \"%s\"", render(), want)

static void test_split(void) {
    struct vma *upper;
    start();
    build("AAAAAAAA bbbb");
    CHECK(vma_split(&mm, vma_lookup(&mm, page_addr(0)), page_addr(3), &upper) == 0, "split");
    EXPECT_DRAWING("AAA|AAAAA bbbb");
    CHECK(upper->start == page_addr(3) && upper->pgoff == page_addr(3) >> PAGE_SHIFT, "%#lx",
          upper->pgoff);
    CHECK(vma_split(&mm, vma_lookup(&mm, page_addr(10)), page_addr(11), &upper) == 0, "split");
    EXPECT_DRAWING("AAA|AAAAA bb|bb");
    CHECK(holds == 2 && upper->pgoff == page_addr(11) >> PAGE_SHIFT, "%d holds", holds);
    CHECK(!list_empty(&upper->rmap_link) && !file_mapping.locked, "the file does not know it");
    finish();
}

static void test_split_without_memory(void) {
    struct vma *upper;
    start();
    build("AAbb");
    fail_after = 0;
    CHECK(vma_split(&mm, vma_lookup(&mm, page_addr(2)), page_addr(3), &upper) == -ENOMEM, "split");
    EXPECT_DRAWING("AA|bb");
    vma_check(&mm);
    finish();
}

struct merge_case {
    const char *before, *add, *after; // `add` is inserted and merged
};

static void test_merge(void) {
    static const struct merge_case cases[] = {
        {"AAA   AAA", "   BBB", "AAA|BBB|AAA"},
        {"AAA   AAA", "   AAA", "AAAAAAAAA"},
        {"AAA   BBB", "   AAA", "AAAAAA|BBB"},
        {"BBB   AAA", "   AAA", "BBB|AAAAAA"},
        {"AAA    AA", "   AAA", "AAAAAA AA"},
        {"AA    AA", "   A", "AA A  AA"},
        {"aaa   aaa", "   aaa", "aaaaaaaaa"},
        {"aaa   AAA", "   AAA", "aaa|AAAAAA"},
        {"aaa   bbb", "   bbb", "aaa|bbbbbb"},
        {"", "AA", "AA"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct merge_case *c = &cases[i];
        size_t from = strspn(c->add, " "), n = strlen(c->add) - from;
        start();
        build(c->before);
        vma_merge(&mm, add(from, from + n, c->add[from]));
        EXPECT_DRAWING(c->after);
        vma_check(&mm);
        finish();
    }
}

// Neighbours in the file, but not in its page order, or of another file, stay apart.
static void test_merge_needs_order(void) {
    start();
    struct vma *a = add(0, 2, 'a'), *b = add(2, 4, 'a');
    CHECK(vma_can_merge(a, b), "in order");
    b->pgoff++;
    CHECK(!vma_can_merge(a, b), "a page is skipped");
    b->pgoff--;
    b->flags |= VM_HAS_ANON;
    CHECK(vma_can_merge(a, b) && vma_merge(&mm, b) == a && (a->flags & VM_HAS_ANON), "the mark");
    finish();
}

static void test_find(void) {
    start();
    build(" AA  BB|CC ");
    CHECK(vma_find(&mm, page_addr(0)) == vma_find(&mm, page_addr(1)), "first above a hole");
    CHECK(!vma_lookup(&mm, page_addr(0)) && vma_lookup(&mm, page_addr(2)), "lookup");
    CHECK(!vma_lookup(&mm, page_addr(3)) && vma_lookup(&mm, page_addr(5)), "hole");
    CHECK(kind_of(vma_lookup(&mm, page_addr(7))) == 'C', "touching");
    CHECK(!vma_find(&mm, page_addr(9)) && !vma_find(&mm, USER_END - PAGE_SIZE), "above all");
    CHECK(!vma_intersect(&mm, page_addr(3), page_addr(5)), "free range");
    CHECK(vma_intersect(&mm, page_addr(3), page_addr(6)), "range that touches B");
    finish();
}

static void test_dies(void) {
    start();
    build("AAA");
    EXPECT_DEATH(add(2, 4, 'B'), "overlaps");
    struct vma *v, *next; // the half-made tree is of no use
    list_for_each_safe(v, next, &mm.vma_list, link)
        free(v);
}

// ---- random operations against a model ----

static char model[PAGES];

static void apply_remove(size_t from, size_t to) {
    struct vma *v, *next, *upper;
    if ((v = vma_lookup(&mm, page_addr(from))) && v->start < page_addr(from))
        CHECK(vma_split(&mm, v, page_addr(from), &upper) == 0, "split");
    if ((v = vma_lookup(&mm, page_addr(to))) && v->start < page_addr(to))
        CHECK(vma_split(&mm, v, page_addr(to), &upper) == 0, "split");
    for (v = vma_find(&mm, page_addr(from)); v && v->start < page_addr(to); v = next) {
        next = vma_next(&mm, v);
        vma_remove(&mm, v);
        list_remove(&v->rmap_link);
        vma_free(v);
    }
}

static void compare(void) {
    uint64_t runs = 0;
    for (size_t i = 0; i < PAGES; i++) {
        struct vma *v = vma_lookup(&mm, page_addr(i));
        CHECK(v ? kind_of(v) == model[i] : model[i] == ' ', "page %zu: %c", i, model[i]);
        runs += model[i] != ' ' && (i == 0 || model[i - 1] != model[i]);
    }
    CHECK(mm.map_count == runs, "%lu VMAs for %lu runs", mm.map_count, runs);
    CHECK(!file_mapping.locked, "a mapping stays locked");
    vma_check(&mm);
}

// The highest free run of n pages in [floor, limit), by looking at every page. -1: none.
static long model_gap(size_t n, size_t floor, size_t limit) {
    size_t run = 0;
    for (size_t i = limit; i-- > floor;) {
        run = model[i] == ' ' ? run + 1 : 0;
        if (run == n)
            return (long)i;
    }
    return -1;
}

static void check_gap(void) {
    size_t n = 1 + host_below(12), floor = host_below(PAGES / 2),
           limit = floor + host_below(PAGES - floor);
    long want = model_gap(n, floor, limit);
    uaddr_t got = vma_find_gap(&mm, n * PAGE_SIZE, page_addr(floor), page_addr(limit));
    CHECK(got == (want < 0 ? 0 : page_addr((size_t)want)),
          "%zu pages in [%zu, %zu): %#lx, wanted %ld", n, floor, limit, got, want);
}

static void test_random(void) {
    start();
    memset(model, ' ', sizeof model);
    for (int op = 0; op < OPS; op++) {
        size_t from = host_below(PAGES - 1), to = from + 1 + host_below(min(20UL, PAGES - from));
        char kind = " ABabc"[host_below(6)];
        apply_remove(from, to);
        if (kind != ' ')
            vma_merge(&mm, add(from, to, kind));
        memset(model + from, kind, to - from);
        compare();
        check_gap();
    }
    finish();
}

static void test_stack_guard(void) {
    const uint64_t guard = STACK_GUARD_GAP >> PAGE_SHIFT;
    start();
    struct vma *stack = add(1000, 1010, 'S');
    stack->flags |= VM_GROWSDOWN;
    vma_set_range(&mm, stack, stack->start, stack->end, stack->pgoff);
    uaddr_t got = vma_find_gap(&mm, PAGE_SIZE, BASE, page_addr(1010));
    CHECK(got == page_addr(1000 - guard - 1), "%#lx", got);
    vma_set_range(&mm, stack, page_addr(900), stack->end, stack->pgoff - 100); // it grows
    got = vma_find_gap(&mm, PAGE_SIZE, BASE, page_addr(1010));
    CHECK(got == page_addr(900 - guard - 1), "%#lx", got);
    vma_check(&mm);
    finish();
}

// Ten thousand: a search costs about log2(10,000) = 14 steps. A list would take minutes here.
static void test_many(void) {
    enum { N = 10000 };
    clock_t begin = clock();
    start();
    for (size_t i = 0; i < N; i++)
        add(2 * i, 2 * i + 1, 'A');
    for (size_t i = 0; i < 20 * N; i++) {
        size_t at = host_below(N);
        CHECK(vma_lookup(&mm, page_addr(2 * at)), "VMA %zu", at);
        CHECK(!vma_lookup(&mm, page_addr(2 * at + 1)), "hole %zu", at);
    }
    for (int i = 0; i < N; i++)
        CHECK(vma_find_gap(&mm, 2 * PAGE_SIZE, BASE, page_addr(2 * N)) == 0,
              "no two pages are free");
    vma_check(&mm);
    finish();
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    CHECK(seconds < 10, "%.1f seconds", seconds);
}

static const struct host_case cases[] = {
    {"split", test_split},
    {"split without memory changes nothing", test_split_without_memory},
    {"merge, drawn", test_merge},
    {"merge needs the file's order", test_merge_needs_order},
    {"find, lookup, intersect", test_find},
    {"an overlap is noticed", test_dies},
    {"random operations and gaps", test_random},
    {"stack guard", test_stack_guard},
    {"10,000 VMAs", test_many},
};
HOST_MAIN("vma_test", cases)
