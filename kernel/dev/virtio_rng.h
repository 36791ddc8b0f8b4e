// Entropy: a virtio entropy device (Virtual I/O Device Version 1.2, 5.4) feeds dev/random.
#pragma once

void virtio_rng_init(void); // registers the driver
