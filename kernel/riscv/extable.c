// The exception table of uaccess.S: about ten lines, so a scan is as good as a search.
#include "riscv/uaccess.h"

struct fixup {
    vaddr_t first, end; // instructions that may fault
    vaddr_t to;         // where to go on
};

extern const struct fixup __extable_start[], __extable_end[];

vaddr_t exception_fixup(vaddr_t pc) {
    for (const struct fixup *f = __extable_start; f < __extable_end; f++)
        if (pc >= f->first && pc < f->end)
            return f->to;
    return 0;
}
