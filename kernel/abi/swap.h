/* swapon(2), and the header of a swap area as mkswap writes it. */
#ifndef ABI_SWAP_H
#define ABI_SWAP_H

#include <stdint.h>

#define SWAP_FLAG_PREFER        0x8000 /* the priority is given */
#define SWAP_FLAG_PRIO_MASK     0x7fff
#define SWAP_FLAG_PRIO_SHIFT    0
#define SWAP_FLAG_DISCARD       0x10000
#define SWAP_FLAG_DISCARD_ONCE  0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000

#define SWAP_MAGIC     "SWAPSPACE2" /* the last 10 bytes of the first page */
#define SWAP_MAGIC_LEN 10
#define SWAP_BAD_MAX   637 /* what fits between the header and the magic */

struct swap_header {
    uint8_t bootbits[1024]; /* a boot loader may live here */
    uint32_t version;       /* 1 */
    uint32_t last_page;     /* pages after this one, the header's */
    uint32_t nr_badpages;
    uint8_t uuid[16];
    char label[16];
    uint32_t padding[117];
    uint32_t badpages[SWAP_BAD_MAX];
    char pad[2];
    char magic[SWAP_MAGIC_LEN];
};
_Static_assert(sizeof(struct swap_header) == 4096, "struct swap_header");

#endif
