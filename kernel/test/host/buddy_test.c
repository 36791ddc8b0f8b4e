// The page allocator on the host: buddies, zones, watermarks, per-CPU lists, against a model of who
// owns each frame.
#include "frames.h"

#include "mm/shrink.h"

#define OPS 60000

static struct zone_info full[ZONE_COUNT]; // with nothing allocated

static void start(void) {
    board_power_on(&two_zones);
    mem_init();
    for (int z = 0; z < ZONE_COUNT; z++)
        CHECK(zone_get_info(z, &full[z]), "zone %d", z);
    CHECK(!zone_get_info(ZONE_COUNT, &full[0]) && !zone_get_info(-1, &full[0]), "no such zone");
    CHECK(zone_get_info(ZONE_DMA32, &full[0]), "zone 0");
}

// All is free: every block has merged again.
static void finish(void) {
    block_free_all();
    drain_all_cpus();
    buddy_check();
    for (int z = 0; z < ZONE_COUNT; z++) {
        struct zone_info now;
        CHECK(zone_get_info(z, &now) && now.free == now.managed, "zone %d: %lu of %lu free", z,
              now.free, now.managed);
        CHECK(!memcmp(&now, &full[z], sizeof(now)), "zone %d has other blocks than at boot", z);
    }
    CHECK(mem_free_pages() == mem_total_pages(), "%lu pages free", mem_free_pages());
    CHECK(board_sstatus == SSTATUS_SIE, "interrupts are off");
}

// ---- random requests ----------------------------------------------------------------------------

static uint64_t blocks_fitting(const struct zone *z, int order) {
    uint64_t n = 0;
    for (; order <= MAX_ORDER; order++)
        n += z->free_blocks[order];
    return n;
}

// Was NULL the right answer? Nothing was reclaimed or drained since.
static bool must_fail(gfp_t gfp, int order) {
    for (int zone = gfp & GFP_DMA32 ? ZONE_DMA32 : zone_preferred; zone >= 0; zone--) {
        const struct zone *z = &zones[zone];
        const struct pcp *pcp = &pcps[cpu_id()][zone];
        uint64_t reserve = gfp & GFP_HIGH ? 0 : z->min;
        if (order ? blocks_fitting(z, order) && z->free_pages >= reserve + (1UL << order)
                  : pcp->count || pcp->zeroed || z->free_pages > reserve)
            return false;
    }
    return true;
}

enum how { PLAIN, COUNTED, FRAME };
static uint64_t held_by[3]; // frames, by the call

static bool alloc_somehow(gfp_t gfp, int order) {
    enum how how = host_below(8) ? PLAIN : order ? FRAME : 1 + (enum how)host_below(2);
    void *va = how == FRAME ? frame_alloc(gfp, order) : NULL;
    struct page *p = how == FRAME     ? (va ? virt_to_page(va) : NULL)
                     : how == COUNTED ? page_alloc_counted(gfp, NR_PIPE)
                                      : page_alloc(gfp, order);
    if (!p)
        return false;
    block_add(p, gfp, order);
    blocks[block_count - 1].how = how;
    held_by[how] += 1UL << order;
    return true;
}

static void free_zeroed(struct page *p) {
    memset(page_to_virt(p), 0, PAGE_SIZE);
    page_free_zeroed(p);
}

static void free_somehow(uint64_t i) {
    int order = blocks[i].order, how = blocks[i].how;
    struct page *p = block_remove_at(i);

    held_by[how] -= 1UL << order;
    if (how == COUNTED)
        page_free_counted(p, NR_PIPE);
    else if (how == FRAME)
        frame_free(page_to_virt(p), order);
    else if (order == 0 && host_below(3) == 0)
        free_zeroed(p);
    else if (host_below(2))
        page_free(p, order);
    else
        page_put(p);
}

static void check_books(uint64_t allocs, uint64_t frees) {
    CHECK(mem_free_pages() == mem_total_pages() - frames_held, "%lu free, %lu held",
          mem_free_pages(), frames_held);
    CHECK((uint64_t)mm_stat_read(PGALLOC) == allocs && (uint64_t)mm_stat_read(PGFREE) == frees,
          "counted %ld %ld, true %lu %lu", mm_stat_read(PGALLOC), mm_stat_read(PGFREE), allocs,
          frees);
    CHECK((uint64_t)mm_stat_read(NR_PIPE) == held_by[COUNTED] &&
              (uint64_t)mm_stat_read(NR_KERNEL) == held_by[FRAME] &&
              (uint64_t)mm_stat_in_transit() == held_by[PLAIN],
          "pages: %ld counted, %ld frames, %ld others", mm_stat_read(NR_PIPE),
          mm_stat_read(NR_KERNEL), mm_stat_in_transit());
}

// A second user comes and goes: the frame stays.
static void share(struct page *p) {
    page_get(p);
    CHECK(p->refcount == 2, "refcount %d", p->refcount);
    page_put(p);
    CHECK(p->refcount == 1, "refcount %d", p->refcount);
}

static void test_random(void) {
    uint64_t wish = 70, allocs = 0, frees = 0, refused = 0;

    start();
    for (int i = 0; i < OPS; i++) {
        uint64_t before = frames_held;
        if (host_below(1000) == 0)
            wish = wish == 70 ? 30 : 70; // towards all and towards nothing
        if (host_below(20) == 0)
            board_set_cpu((uint32_t)host_below(3));
        if (host_below(100) < wish) {
            gfp_t gfp = (gfp_t)host_below(2 * GFP_MOVABLE);
            int order = host_below(4) ? 0 : (int)host_below(MAX_ORDER + 1);
            bool got = alloc_somehow(gfp, order);
            CHECK(got || must_fail(gfp, order), "order %d gfp %#x: NULL", order, gfp);
            refused += !got;
            allocs += frames_held - before;
        } else if (block_count) {
            share(blocks[host_below(block_count)].page);
            free_somehow(host_below(block_count));
            frees += before - frames_held;
        } else if (host_below(2)) {
            pcp_drain_local();
        }
        check_books(allocs, frees);
        if (i % 128 == 0)
            buddy_check();
    }
    CHECK(refused > OPS / 100, "only %lu requests failed", refused);
    while (block_count)
        free_somehow(0);
    frame_free(NULL, 3);
    finish();
}

// One block is cut to pieces and grows together again.
static void test_split_merge(void) {
    start();
    for (int order = 0; order <= MAX_ORDER; order++)
        while (block_alloc(GFP_HIGH, MAX_ORDER - order))
            ;
    CHECK(mem_free_pages() == 0 && frames_held == mem_total_pages(), "%lu held", frames_held);
    CHECK(!page_alloc(GFP_HIGH, 0), "nothing is left");
    for (int order = 1; order <= MAX_ORDER; order++)
        CHECK(!page_alloc(GFP_HIGH | GFP_WAIT, order), "nothing is left");
    finish();
    struct page *p = page_alloc(0, MAX_ORDER);
    CHECK(p, "a block of 4 MiB");
    page_free(p, MAX_ORDER);
    for (int turn = 0; turn < 3; turn++) { // in rising, falling and random order
        for (uint64_t i = 0; i < 3000; i++)
            CHECK(block_alloc(GFP_HIGH, 0), "page %lu", i);
        while (block_count > 0)
            page_put(block_remove_at(turn == 0   ? 0
                                     : turn == 1 ? block_count - 1
                                                 : host_below(block_count)));
        finish();
    }
}

// ---- zones and watermarks -----------------------------------------------------------------------

static void exhaust(gfp_t gfp, int order) {
    bool fallen_back = false;

    for (struct page *p; (p = block_alloc(gfp, order));) {
        bool low = p->zone == ZONE_DMA32;
        const struct zone *normal = &zones[ZONE_NORMAL];
        CHECK(low || !fallen_back, "back to Normal");
        if (low && !fallen_back && !(gfp & GFP_DMA32))
            CHECK(normal->free_pages < normal->min + (1UL << order) ||
                      !blocks_fitting(normal, order),
                  "%lu pages left", normal->free_pages);
        fallen_back |= low;
    }
}

static void test_zones(void) {
    start();
    CHECK(zone_preferred == ZONE_NORMAL, "zone %d", zone_preferred);
    for (int z = 0; z < ZONE_COUNT; z++)
        CHECK(0 < full[z].min && full[z].min < full[z].low && full[z].low < full[z].high, "%lu %lu",
              full[z].min, full[z].low);
    exhaust(GFP_KERNEL, 0);
    for (int z = 0; z < ZONE_COUNT; z++)
        CHECK(zones[z].free_pages == zones[z].min, "zone %d: %lu left, min %lu", z,
              zones[z].free_pages, zones[z].min);
    CHECK(frames_held == mem_total_pages() - full[0].min - full[1].min, "%lu", frames_held);
    current_tcb->use_reserves = true; // as if its process were being killed
    struct page *p = page_alloc(GFP_KERNEL, 0);
    CHECK(p, "the reserve is for it");
    page_put(p);
    current_tcb->use_reserves = false;
    drain_all_cpus();
    CHECK(!page_alloc(GFP_KERNEL, 0), "but for nobody else");
    exhaust(GFP_ATOMIC, 0);
    CHECK(mem_free_pages() == 0, "GFP_HIGH leaves %lu", mem_free_pages());
    finish();
    exhaust(GFP_DMA32, 0);
    CHECK(frames_held == full[ZONE_DMA32].managed - full[ZONE_DMA32].min, "%lu", frames_held);
    CHECK(zones[ZONE_NORMAL].free_pages == full[ZONE_NORMAL].free, "Normal was touched");
    finish();
    for (int order = 1; order <= MAX_ORDER; order++) {
        exhaust(0, order);
        CHECK(zones[0].free_pages >= zones[0].min && zones[1].free_pages >= zones[1].min,
              "order %d: %lu and %lu left", order, zones[0].free_pages, zones[1].free_pages);
        CHECK(must_fail(0, order), "order %d", order);
        finish();
    }
}

static void test_min_free(void) {
    start();
    mem_set_min_free(1001);
    uint64_t min_pages = mem_min_free_pages();
    CHECK(min_pages >= 1000 && min_pages <= 1001, "%lu", min_pages);
    exhaust(GFP_KERNEL, 0);
    CHECK(mem_free_pages() == min_pages, "%lu pages free", mem_free_pages());
    mem_set_min_free(mem_total_pages() + 5000); // more than there is: nothing but GFP_HIGH
    CHECK(!page_alloc(GFP_KERNEL, 0) && block_alloc(GFP_HIGH, 0), "all is reserve");
    mem_set_min_free(full[0].min + full[1].min);
    for (int z = 0; z < ZONE_COUNT; z++) { // shares are rounded down: as at boot, but for one page
        CHECK(full[z].min - zones[z].min <= 1, "zone %d: min %lu", z, zones[z].min);
        full[z].min = zones[z].min;
        full[z].low = zones[z].low;
        full[z].high = zones[z].high;
    }
    finish();
}

// ---- per-CPU lists ------------------------------------------------------------------------------

static void test_pcp(void) {
    start();
    struct page *first = page_alloc(0, 0), *second = page_alloc(0, 0);
    CHECK(first && second == first + 1, "neighbours come in rising order");
    page_put(first);
    CHECK(page_test(first, PG_PCP) && first->refcount == 0, "flags %#x", first->flags);
    CHECK(page_alloc(0, 0) == first, "the last freed comes first");
    page_put(first);
    page_put(second);
    for (int i = 0; i < 1000; i++)
        CHECK(block_alloc(0, 0), "page %d", i);
    board_set_cpu(1);
    block_free_all(); // to the list of another CPU
    uint64_t kept = pcps[1][ZONE_NORMAL].count, most = mem_total_pages() / 256 & ~1UL;
    CHECK(kept > most / 2 && kept <= most, "keeps %lu, at most %lu", kept, most);
    struct zone_info info;
    CHECK(zone_get_info(ZONE_NORMAL, &info) && info.free == info.managed && info.pcp_pages >= kept,
          "%lu of %lu pages free, %lu aside", info.free, info.managed, info.pcp_pages);
    buddy_check();
    board_set_cpu(0);
    exhaust(GFP_HIGH, 0);
    CHECK(mem_free_pages() == kept && pcps[1][ZONE_NORMAL].count == kept, "CPU 0 took them");
    board_set_cpu(1);
    exhaust(GFP_HIGH, 0);
    CHECK(mem_free_pages() == 0, "%lu left", mem_free_pages());
    finish();
}

// A block is not had while its pages are in this CPU's list: they are put together first.
static void test_drain_for_block(void) {
    start();
    exhaust(GFP_HIGH, 0);
    struct page *pair = mem_map + ALIGN_DOWN(blocks[1000].page - mem_map, 2UL);
    for (uint64_t i = block_count; i-- > 0;)
        if (blocks[i].page == pair || blocks[i].page == pair + 1)
            page_put(block_remove_at(i));
    CHECK(zones[pair->zone].free_pages == 0 && mem_free_pages() == 2, "two pages aside");
    CHECK(block_alloc(GFP_HIGH, 1) == pair, "both halves were free");
    finish();
}

static void test_zeroed(void) {
    start();
    struct page *p = page_alloc(0, 0);
    CHECK(p, "no page");
    memset(page_to_virt(p), 0, PAGE_SIZE);
    page_free_zeroed(p);
    CHECK(p->flags == 1u << PG_PCP && p->refcount == 0, "flags %#x", p->flags);
    CHECK(page_alloc(GFP_ZERO, 0) == p && frame_is_zero(p), "the zeroes were kept");
    memset(page_to_virt(p), 1, PAGE_SIZE);
    page_put(p);
    for (int i = 0; i < 100; i++)
        CHECK(block_alloc(GFP_ZERO, (int)host_below(4)), "cleared"); // block_alloc() looks
    block_free_all();
    for (int i = 0; i < 100; i++)
        CHECK(block_alloc(0, 0), "page");
    while (block_count) {
        p = block_remove_at(0);
        memset(page_to_virt(p), 0, PAGE_SIZE);
        page_free_zeroed(p);
    }
    CHECK(pcps[0][ZONE_NORMAL].zeroed == mem_total_pages() / 256 / 4, "%lu kept",
          pcps[0][ZONE_NORMAL].zeroed);
    exhaust(GFP_HIGH, 0);
    CHECK(mem_free_pages() == 0, "pages of zeroes are the last reserve: %lu", mem_free_pages());
    finish();
}

// ---- when memory ends ---------------------------------------------------------------------------

static int reclaim_calls, shrinker_calls, reclaim_pays;

static uint64_t reclaim(gfp_t gfp, int order) {
    CHECK(gfp & GFP_WAIT, "called for gfp %#x", gfp);
    reclaim_calls++;
    if (reclaim_pays > 0) // frees what an order-0 request needs, a page at a time
        page_put(block_remove_at(block_count - 1));
    return reclaim_pays != 0;
}

static uint64_t shrinker_count(void) { return 1; }
static uint64_t shrinker_scan(uint64_t wanted) {
    shrinker_calls++;
    CHECK(wanted == 1, "%lu", wanted);
    return 0;
}

static void test_reclaim(void) {
    static struct shrinker s = {"test", shrinker_count, shrinker_scan};
    start();
    mm_set_reclaim(reclaim, NULL);
    shrinker_register(&s);
    exhaust(GFP_ATOMIC, 0);
    CHECK(reclaim_calls == 0 && shrinker_calls == 0, "GFP_ATOMIC must not wait");
    CHECK(!page_alloc(GFP_KERNEL, 0) && reclaim_calls == 1 && shrinker_calls == 1,
          "nothing to be had: %d %d", reclaim_calls, shrinker_calls);
    reclaim_pays = -1; // says that it freed, but others took it
    CHECK(!page_alloc(GFP_KERNEL, 0) && reclaim_calls == 1 + 16, "%d calls", reclaim_calls);
    reclaim_pays = 1;
    CHECK(block_alloc(GFP_KERNEL, 0), "what was reclaimed");
    CHECK(shrinker_calls == 1, "shrinkers come after");
    finish();
}

static int processes, ended, pays_at; // processes left; how many ended; which of them pays

static bool end_process(void) {
    if (ended == processes)
        return false;
    if (++ended == pays_at)
        page_put(block_remove_at(0));
    return true;
}

// Asks for a page with so many processes. Got it? And who ended meanwhile.
static bool alloc_at_all_costs(int count, int pays) {
    processes = count;
    pays_at = pays;
    ended = 0;
    return block_alloc(GFP_KERNEL, 0);
}

// Somebody ends for a small request that may wait for the disk, but not without bound.
static void test_oom(void) {
    start();
    mm_set_oom(end_process);
    exhaust(GFP_ATOMIC, 0);
    processes = 100;
    CHECK(!page_alloc(GFP_NOIO, 0) && !page_alloc(GFP_KERNEL, 4) && !page_alloc(GFP_DMA32, 0) &&
              ended == 0,
          "%d ended for nothing", ended);
    CHECK(alloc_at_all_costs(100, 1) && ended == 1, "%d ended", ended);
    CHECK(alloc_at_all_costs(100, 3) && ended == 3, "%d ended", ended);
    CHECK(!alloc_at_all_costs(2, 3) && ended == 2, "%d ended", ended);
    CHECK(!alloc_at_all_costs(100, 0) && ended == 16, "%d ended in vain", ended);
    finish();
}

static void test_failalloc(void) {
    start();
    failalloc_set(5);
    for (int i = 1; i <= 1000; i++) {
        bool got = block_alloc(host_below(2) ? GFP_KERNEL : GFP_ZERO, (int)host_below(2));
        CHECK(got == (i % 5 != 0), "request %d", i);
        CHECK(block_alloc(GFP_NOFAIL_TEST, 0), "exempt");
    }
    failalloc_set(0);
    for (int i = 0; i < 20; i++)
        CHECK(block_alloc(0, 0), "off");
    finish();
}

static const struct host_case cases[] = {
    {"random requests against the model", test_random},
    {"blocks split and merge back", test_split_merge},
    {"zones, fallback, watermarks", test_zones},
    {"the reserve can be set", test_min_free},
    {"per-CPU lists", test_pcp},
    {"per-CPU lists give back for a block", test_drain_for_block},
    {"pages of zeroes", test_zeroed},
    {"reclaim", test_reclaim},
    {"somebody ends", test_oom},
    {"failalloc", test_failalloc},
};

HOST_MAIN("buddy_test", cases)
