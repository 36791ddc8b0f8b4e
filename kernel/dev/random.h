// Random numbers: a ChaCha20 generator (RFC 8439 block function), seeded from virtio-rng when there
// is one, from the device tree's rng-seed and from timing else. Never blocks once seeded.
#pragma once

#include "lib/compiler.h"

// Any context.
void random_bytes(void *buf, size_t n);
uint64_t random_u64(void);
// Mixes n bytes into the key; any quality is welcome. Any context.
void random_add_entropy(const void *buf, size_t n);
// Upcall: asks a hardware source for fresh entropy, which it gives later by random_add_entropy().
// Any context. The latest source counts.
void random_set_source(void (*request)(void));
void random_init(void);
// The block function itself (RFC 8439, 2.3): for the tests.
void random_chacha20_block(const uint32_t in[16], uint8_t out[64]);
