// The array of struct page and its arithmetic (mm/page.h). bootmem.c sizes and fills it; nothing
// changes these words afterwards.

#include "mm/page.h"

struct page *mem_map;
pfn_t mem_map_base_pfn;
uint64_t mem_map_pages;
uintptr_t page_of_pfn_zero;
uintptr_t page_of_virt_zero;

_Static_assert(sizeof(struct page) == 1 << PAGE_STRUCT_SHIFT, "conversions shift by it");
