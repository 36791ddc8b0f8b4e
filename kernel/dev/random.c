#include "dev/random.h"

#include "lib/string.h"
#include "riscv/csr.h"
#include "riscv/fdt.h"
#include "sync/spinlock.h"

// A generator after "fast key erasure" (D. J. Bernstein, 2017): ChaCha20 with the current key makes
// a buffer of bytes; the first 32 of them become the next key at once, the others are handed out
// and cleared. Whoever reads this memory later cannot compute what was handed out before.
//
//   key --ChaCha20--> [ next key | byte byte byte ... ]
//
// Entropy is XORed into the key, and the key is then run through the function: bad entropy cannot
// hurt. It comes from the device tree's rng-seed, from the cycle of each call's clock, and from a
// hardware source when there is one, which is asked again every RESEED_BYTES.
//
// Invariants: 1. buffer[0 .. next) is zero.
//             2. key never serves two buffers.
// Locks: random_lock guards all of it (a leaf: rank of interrupts, so any context may ask).

#define KEY_BYTES 32
#define BLOCK_BYTES 64
#define BUFFER_BYTES (4 * BLOCK_BYTES) // 4: the key costs an eighth of the work
#define RESEED_BYTES (1 << 20)

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_IRQ);
static uint32_t key[KEY_BYTES / 4];
static uint8_t buffer[BUFFER_BYTES];
static size_t next = BUFFER_BYTES; // all handed out
static uint64_t since_reseed;
static void (*request_entropy)(void); // set once, at boot

static inline uint32_t rotate(uint32_t v, int n) { return v << n | v >> (32 - n); }

// Inlined whatever the compiler thinks of its size: only then do the 16 words stay in registers,
// which halves the cost of a block.
__attribute__((always_inline)) static inline void quarter_round(uint32_t *a, uint32_t *b,
                                                                uint32_t *c, uint32_t *d) {
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

void random_chacha20_block(const uint32_t in[16], uint8_t out[64]) {
    uint32_t x[16];
    memcpy(x, in, sizeof(x));
    for (int i = 0; i < 10; i++) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (int i = 0; i < 16; i++)
        x[i] += in[i];
    memcpy(out, x, sizeof(x));
}

// Fills the buffer and replaces the key. random_lock held.
static void refill(void) {
    uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; // "expand 32-byte k"
    memcpy(state + 4, key, KEY_BYTES);
    uint64_t now = time_read();
    memcpy(state + 14, &now, sizeof(now)); // the nonce: some fresh timing each time
    for (uint32_t i = 0; i < BUFFER_BYTES / BLOCK_BYTES; i++) {
        state[12] = i;
        random_chacha20_block(state, buffer + BLOCK_BYTES * i);
    }
    memcpy(key, buffer, KEY_BYTES);
    memset(buffer, 0, KEY_BYTES);
    memset(state, 0, sizeof(state));
    next = KEY_BYTES;
}

// random_lock held.
static void take(uint8_t *out, size_t n) {
    while (n > 0) {
        if (next == BUFFER_BYTES)
            refill();
        size_t part = min(n, BUFFER_BYTES - next);
        memcpy(out, buffer + next, part);
        memset(buffer + next, 0, part);
        next += part;
        out += part;
        n -= part;
    }
}

void random_bytes(void *buf, size_t n) {
    uint8_t *out = buf;
    bool reseed = false;
    while (n > 0) { // in pieces, to let interrupts in
        size_t part = min(n, (size_t)PAGE_SIZE);
        spin_lock(&random_lock);
        take(out, part);
        since_reseed += part;
        if (since_reseed >= RESEED_BYTES) {
            since_reseed = 0;
            reseed = true;
        }
        spin_unlock(&random_lock);
        out += part;
        n -= part;
    }
    void (*request)(void) = READ_ONCE(request_entropy);
    if (reseed && request)
        request();
}

uint64_t random_u64(void) {
    uint64_t v;
    random_bytes(&v, sizeof(v));
    return v;
}

void random_add_entropy(const void *buf, size_t n) {
    const uint8_t *in = buf;
    spin_lock(&random_lock);
    while (n > 0) {
        size_t part = min(n, (size_t)KEY_BYTES);
        for (size_t i = 0; i < part; i++)
            key[i / 4] ^= (uint32_t)in[i] << i % 4 * 8;
        refill();
        in += part;
        n -= part;
    }
    spin_unlock(&random_lock);
}

void random_set_source(void (*request)(void)) {
    WRITE_ONCE(request_entropy, request);
    request();
}

void random_init(void) {
    struct fdt_node chosen = {0};
    uint32_t len;
    const void *seed = NULL;
    if (fdt_find_path("/chosen", &chosen))
        seed = fdt_prop(&chosen, "rng-seed", &len);
    if (seed)
        random_add_entropy(seed, len);
    uint64_t now = time_read();
    random_add_entropy(&now, sizeof(now));
}
