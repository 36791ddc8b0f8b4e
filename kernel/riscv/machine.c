// What the device tree says of this machine, read once before anything else runs.
//
// The linear map covers RAM from ram_base upwards, LINEAR_SIZE bytes; RAM outside it is left alone.
// Reserved, and so never handed to the page allocator:
//   - firmware: the /reserved-memory node and the header's reservations; if none of them lies below
//     the kernel, everything from ram_base to the kernel
//   - the kernel image, the device tree itself, the initrd
// Ranges may overlap; bootmem merges them. A tree with more ranges than MEM_RANGES_MAX loses the
// smallest RAM ranges (harmless); too many reserved ones panic, because using them is not.
#include "riscv/machine.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "riscv/fdt.h"

#define LINEAR_SIZE (VMALLOC_START - PAGE_OFFSET)
#define TIMEBASE_DEFAULT 10000000
#define NS_PER_SEC 1000000000UL

paddr_t ram_base;
struct machine machine;

static void add_ram(uint64_t base, uint64_t size) {
    uint64_t end = base + size;
    if (end <= base)
        return;
    base = ALIGN_UP(max(base, ram_base), PAGE_SIZE);
    end = ALIGN_DOWN(min(end, ram_base + LINEAR_SIZE), PAGE_SIZE);
    if (base < end && machine.ram_count < MEM_RANGES_MAX)
        machine.ram[machine.ram_count++] = (struct mem_range){base, end - base};
}

static void reserve(uint64_t base, uint64_t size) {
    if (size == 0)
        return;
    assertf(machine.reserved_count < MEM_RANGES_MAX, "too many reserved memory ranges");
    uint64_t end = ALIGN_UP(base + size, PAGE_SIZE);
    base = ALIGN_DOWN(base, PAGE_SIZE);
    machine.reserved[machine.reserved_count++] = (struct mem_range){base, end - base};
}

static bool is_memory(const struct fdt_node *node) {
    const char *type = fdt_prop_string(node, "device_type");
    return type && strcmp(type, "memory") == 0;
}

static void read_ram(void) {
    struct fdt_node node = {0};
    uint64_t base, size;
    while (fdt_next_node(&node))
        for (int i = 0; is_memory(&node) && fdt_reg(&node, i, &base, &size); i++)
            add_ram(base, size);
    assertf(machine.ram_count > 0, "the device tree names no RAM at or above %#lx", ram_base);
}

static void read_reserved(paddr_t dtb) {
    struct fdt_node node = {0};
    uint64_t base, size;
    paddr_t kernel = virt_to_phys(__image_start);

    for (int i = 0; fdt_reservation(i, &base, &size); i++)
        reserve(base, size);
    if (fdt_find_path("/reserved-memory", &node)) {
        uint32_t parent = node.offset;
        while (fdt_next_node(&node) && node.parent == parent)
            for (int i = 0; fdt_reg(&node, i, &base, &size); i++)
                reserve(base, size);
    }
    bool firmware = false;
    for (int i = 0; i < machine.reserved_count; i++)
        firmware |= machine.reserved[i].base >= ram_base && machine.reserved[i].base < kernel;
    if (!firmware)
        reserve(ram_base, kernel - ram_base);

    reserve(kernel, (uint64_t)(__image_end - __image_start));
    reserve(dtb, fdt_size());
    reserve(machine.initrd_start, machine.initrd_end - machine.initrd_start);
}

// An address property of /chosen, of one or two cells.
static uint64_t chosen_address(const struct fdt_node *chosen, const char *name) {
    uint32_t len;
    const uint8_t *p = fdt_prop(chosen, name, &len);
    uint64_t v = 0;
    for (uint32_t i = 0; p && i < len && i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void read_chosen(void) {
    struct fdt_node chosen;
    machine.cmdline = "";
    if (!fdt_find_path("/chosen", &chosen))
        return;
    const char *args = fdt_prop_string(&chosen, "bootargs");
    if (args)
        machine.cmdline = args;
    machine.initrd_start = chosen_address(&chosen, "linux,initrd-start");
    machine.initrd_end = chosen_address(&chosen, "linux,initrd-end");
    if (machine.initrd_end < machine.initrd_start)
        machine.initrd_start = machine.initrd_end = 0;
}

static bool has_isa_extension(const struct fdt_node *cpu, const char *ext) {
    uint32_t len;
    const char *s = fdt_prop(cpu, "riscv,isa-extensions", &len);
    for (uint32_t i = 0; s && i < len; i += (uint32_t)strnlen(s + i, len - i) + 1)
        if (strncmp(s + i, ext, len - i) == 0)
            return true;
    const char *isa = fdt_prop_string(cpu, "riscv,isa");
    const char *at = isa ? strstr(isa, ext) : NULL;
    size_t n = strlen(ext);
    return at && at > isa && at[-1] == '_' && (at[n] == '_' || at[n] == '\0');
}

// A hart that can run us: enabled, with an MMU.
static bool usable_cpu(const struct fdt_node *node) {
    const char *type = fdt_prop_string(node, "device_type");
    const char *status = fdt_prop_string(node, "status");
    const char *mmu = fdt_prop_string(node, "mmu-type");
    return type && strcmp(type, "cpu") == 0 && (!status || strcmp(status, "okay") == 0) && mmu &&
           strcmp(mmu, "riscv,none") != 0;
}

static void read_cpus(uint64_t boot_hartid) {
    struct fdt_node node;
    machine.hartid[0] = boot_hartid;
    machine.cpu_count = 1;
    machine.timebase = TIMEBASE_DEFAULT;
    machine.has_sstc = true;
    if (!fdt_find_path("/cpus", &node))
        return;
    uint32_t hz, cpus = node.offset;
    if (fdt_prop_u32(&node, "timebase-frequency", &hz) && hz)
        machine.timebase = hz;
    uint64_t hartid, unused;
    while (fdt_next_node(&node) && node.depth > 1) {
        if (node.parent != cpus || !usable_cpu(&node) || !fdt_reg(&node, 0, &hartid, &unused))
            continue;
        machine.has_sstc &= has_isa_extension(&node, "sstc");
        if (hartid != boot_hartid && machine.cpu_count < CPU_MAX)
            machine.hartid[machine.cpu_count++] = hartid;
    }
}

static void read_devices(void) {
    struct fdt_node node = {0};
    uint64_t size;
    if (fdt_next_node(&node))
        machine.model = fdt_prop_string(&node, "model");
    if (!machine.model)
        machine.model = "unknown machine";
    node = (struct fdt_node){0};
    if (fdt_next_compatible(&node, "sifive,test0"))
        fdt_reg(&node, 0, &machine.finisher, &size);
}

void machine_init(uint64_t boot_hartid, paddr_t dtb) {
    assertf(dtb >= ram_base && dtb - ram_base < LINEAR_SIZE, "device tree at %#lx, RAM at %#lx",
            dtb, ram_base);
    int err = fdt_init(phys_to_virt(dtb));
    assertf(err == 0, "no device tree at %#lx", dtb);
    read_chosen();
    read_cpus(boot_hartid);
    read_ram();
    read_reserved(dtb);
    read_devices();
}

// In two steps so that nothing overflows: whole seconds, then the rest.
uint64_t ticks_to_ns(uint64_t ticks) {
    uint64_t hz = machine.timebase;
    return ticks / hz * NS_PER_SEC + ticks % hz * NS_PER_SEC / hz;
}

uint64_t ns_to_ticks(uint64_t ns) {
    uint64_t hz = machine.timebase;
    return ns / NS_PER_SEC * hz + ns % NS_PER_SEC * hz / NS_PER_SEC;
}
