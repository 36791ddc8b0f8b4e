// The arithmetic of smaps (vm/usage.h): shares add up to the pages, and each page is in one class.
#include "host.h"

#include "vm/usage.h"

#define PAGES 500
#define PROCESSES 60

// Pages shared by random processes: what all of them see, added up, is what is there.
static void test_shares_add_up(void) {
    for (int round = 0; round < 50; round++) {
        struct vm_usage all = {0};
        uint64_t bytes = 0, mappings = 0;
        for (int i = 0; i < PAGES; i++) {
            struct usage_page p = {
                .bytes = host_below(50) ? 4096 : 2UL << 20,
                .sharers = host_below(PROCESSES) + 1,
                .anon = host_below(2),
                .shmem = host_below(2),
                .dirty = host_below(2),
                .young = host_below(2),
                .locked = host_below(4) == 0,
            };
            for (uint64_t s = 0; s < p.sharers; s++)
                usage_add_page(&all, &p);
            bytes += p.bytes;
            mappings += p.sharers;
        }
        uint64_t pss = all.pss, lost = (bytes << PSS_SHIFT) - pss;
        CHECK(pss <= bytes << PSS_SHIFT && lost < mappings, "PSS %lu of %lu", pss >> PSS_SHIFT,
              bytes);
        CHECK(all.shared_clean + all.shared_dirty + all.private_clean + all.private_dirty ==
                  all.rss, "classes of %lu", all.rss);
        CHECK(all.pss_anon + all.pss_file + all.pss_shmem == pss, "kinds of %lu", pss);
        CHECK(all.anonymous <= all.rss && all.referenced <= all.rss && all.pss_dirty <= pss &&
                  all.pss_locked <= pss, "parts of %lu", all.rss);
    }
}

static void test_one_page(void) {
    struct vm_usage u = {0};
    usage_add_page(&u, &(struct usage_page){.bytes = 4096, .sharers = 3, .dirty = true});
    CHECK(u.pss == (4096UL << PSS_SHIFT) / 3 && u.pss >> PSS_SHIFT == 1365, "%lu", u.pss);
    CHECK(u.pss_file == u.pss && u.pss_dirty == u.pss && u.shared_dirty == 4096, "%lu", u.pss_file);
    usage_add_page(&u, &(struct usage_page){.bytes = 4096, .sharers = 1, .anon = true});
    CHECK(u.private_clean == 4096 && u.pss_anon >> PSS_SHIFT == 4096, "%lu", u.private_clean);
}

static const struct host_case cases[] = {
    {"shares add up", test_shares_add_up},
    {"one page", test_one_page},
};

HOST_MAIN("usage_test", cases)
