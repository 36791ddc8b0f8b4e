// Allocation flags: what the caller can bear, and where the frames may come from.
#pragma once

typedef unsigned int gfp_t; // the one typedef of flags, Linux's name

#define GFP_WAIT 1u      // may sleep: reclaim and retry
#define GFP_IO 2u        // reclaim may start disk writes
#define GFP_HIGH 4u      // may dip into the reserve below the min watermark
#define GFP_DMA32 8u     // below 4 GiB only
#define GFP_ZERO 16u     // clear the frames (objects)
#define GFP_NOFAIL_TEST 32u // exempt from failalloc= (boot, and paths that have no error to return)
#define GFP_MOVABLE 64u  // user and page-cache pages: reclaimable

#define GFP_ATOMIC GFP_HIGH           // interrupt context, or a spin lock held
#define GFP_NOIO GFP_WAIT             // from the I/O path itself
#define GFP_KERNEL (GFP_WAIT | GFP_IO)
#define GFP_USER (GFP_WAIT | GFP_IO | GFP_MOVABLE)
