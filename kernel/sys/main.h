// Entries of boot.S into C.
#pragma once

#include "lib/compiler.h"

__noreturn void kernel_main(uint64_t hartid, paddr_t dtb, uint64_t boot_ticks);
__noreturn void hart_main(uint32_t cpu);
