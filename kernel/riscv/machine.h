// What the device tree says of this machine, read once at boot: RAM, harts, clock, command line.
#pragma once

#include "riscv/layout.h"
#include "lib/compiler.h"

#define CPU_MAX 16
#define MEM_RANGES_MAX 16

struct mem_range {
    paddr_t base;
    uint64_t size;
};

struct machine {
    struct mem_range ram[MEM_RANGES_MAX];
    int ram_count;
    struct mem_range reserved[MEM_RANGES_MAX]; // firmware, device tree, initrd, kernel image
    int reserved_count;
    uint64_t hartid[CPU_MAX]; // hartid[0] is the boot hart
    int cpu_count;
    uint64_t timebase; // ticks a second
    bool has_sstc;
    const char *cmdline; // in the device tree, whatever its length
    const char *model;
    paddr_t initrd_start, initrd_end;
    uint64_t boot_ticks; // timebase at the kernel's first instruction
    paddr_t finisher; // sifive,test registers, 0 when there is none
};

extern struct machine machine;

// Reads the tree at dtb (physical) into `machine`. Panics in words if there is no RAM.
void machine_init(uint64_t boot_hartid, paddr_t dtb);
// ns since the epoch of the timebase, and back. Exact at any timebase, never overflow in 100 years.
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t ns_to_ticks(uint64_t ns);
// Value of "key=..." or of the bare word "key" ("") on the kernel command line; NULL if absent.
// Copies into buf. Words after "--" belong to init and are not looked at.
const char *cmdline_get(const char *key, char *buf, size_t size);
// The i-th word of the command line as written, without its quotes, cut to size. *after is set for
// the words behind "--", which are init's arguments. False past the end.
bool cmdline_word(int i, char *buf, size_t size, bool *after);
