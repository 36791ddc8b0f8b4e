/* What the tests of swap share. */
#include "swaputil.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void write_header(int fd, const struct swap_header *h)
{
    check_int(pwrite(fd, h, sizeof(*h), 0), sizeof(*h));
}

void header_init(struct swap_header *h, unsigned pages)
{
    memset(h, 0, sizeof(*h));
    h->version = 1;
    h->last_page = pages - 1;
    memcpy(h->magic, SWAP_MAGIC, SWAP_MAGIC_LEN);
}

void make_area(const char *path, unsigned pages)
{
    static struct swap_header h;
    char page[PAGE];

    swapoff(path); /* of a test that failed */
    int fd = check_ok(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    memset(page, 'x', PAGE);
    for (unsigned i = 0; i < pages; i++)
        check_int(write(fd, page, PAGE), PAGE);
    header_init(&h, pages);
    write_header(fd, &h);
    close(fd);
}

void begin_swap(unsigned pages)
{
    make_area(AREA, pages);
    check_ok(swapon(AREA, 0));
}

void end_swap(void)
{
    check_ok(swapoff(AREA));
    check_ok(unlink(AREA));
}

long swap_free(void)
{
    return proc_value("/proc/meminfo", "SwapFree") / 4;
}

long swap_total(void)
{
    return proc_value("/proc/meminfo", "SwapTotal") / 4;
}

long vm_swap(void)
{
    return proc_value("/proc/self/status", "VmSwap") / 4;
}

void page_out(void *p, size_t len)
{
    check_ok(madvise(p, len, MADV_PAGEOUT));
}

char *swapped(unsigned pages, uint64_t seed)
{
    char *p = map_anon(pages * PAGE);

    fill_pattern(p, pages * PAGE, seed, 0);
    page_out(p, pages * PAGE);
    return p;
}

void press_until(long (*out)(int id), int id, long n)
{
    static char buf[64 * KIB];
    int fd = check_ok(open("/dev/vda", O_RDONLY));

    for (uint64_t done = 0; done < 4 * ram_bytes() && out(id) < n;) {
        ssize_t got = check_ok(read(fd, buf, sizeof buf));
        done += got;
        if (got == 0)
            check_ok(lseek(fd, 0, SEEK_SET));
    }
    close(fd);
}
