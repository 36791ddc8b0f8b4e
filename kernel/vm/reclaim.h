// Giving memory back when frames run out.
#pragma once

void reclaim_init(void); // registers with the page allocator
