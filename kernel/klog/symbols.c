// Names of functions, from the table that tools/symtab.awk makes of the linked kernel.
//
//   symtab_offset[i]   start of function i, relative to __text_start, ascending
//   symtab_name[i]     where its name begins in symtab_strings
//
// In the first of the two links the table is empty (count 0) and every lookup fails.
#include "klog/backtrace.h"

#include "lib/string.h"
#include "riscv/layout.h"

extern const uint32_t symtab_count, symtab_offset[], symtab_name[];
extern const char symtab_strings[];

const char *symbol_name(vaddr_t addr, uint64_t *offset) {
    if (addr < (vaddr_t)__text_start || addr >= (vaddr_t)__text_end || symtab_count == 0)
        return NULL;
    uint32_t at = (uint32_t)(addr - (vaddr_t)__text_start);
    uint32_t low = 0, high = symtab_count; // offset[low] <= at < offset[high]
    if (at < symtab_offset[0])
        return NULL;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (symtab_offset[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    *offset = at - symtab_offset[low];
    return symtab_strings + symtab_name[low];
}

const char *function_name(vaddr_t addr) {
    uint64_t offset;
    const char *name = symbol_name(addr, &offset);
    return name ? name : "?";
}

vaddr_t symbol_address(const char *name) {
    for (uint32_t i = 0; i < symtab_count; i++)
        if (strcmp(symtab_strings + symtab_name[i], name) == 0)
            return (vaddr_t)__text_start + symtab_offset[i];
    return 0;
}
