// Random numbers: a ChaCha20 generator (RFC 8439 block function), seeded from virtio-rng when there
// is one, from the device tree's rng-seed and from timing else. Never blocks once seeded.
#pragma once

#include "lib/compiler.h"

void random_bytes(void *buf, size_t n);
uint64_t random_u64(void);
void random_add_entropy(const void *buf, size_t n);
void random_init(void);
