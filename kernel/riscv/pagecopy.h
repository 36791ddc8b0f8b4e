// Whole-page clear and copy (mem.S): unrolled, 8-byte words. Addresses are page aligned.
#pragma once

void clear_page(void *page);
void copy_page(void *dst, const void *src);
