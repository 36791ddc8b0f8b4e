#include "dev/plic.h"

#include "abi/errno.h"
#include "dev/mmio.h"
#include "klog/printk.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/kspace.h"
#include "riscv/fdt.h"
#include "sync/cpu.h"

// The PLIC has a gateway per line and a target per "context". What a context is, only the device
// tree knows: the i-th pair of its "interrupts-extended" names the hart-local interrupt that
// context i raises. On QEMU virt:
//
//   interrupts-extended = <&cpu0_intc 11  &cpu0_intc 9  &cpu1_intc 11  &cpu1_intc 9>;
//   context                     0              1              2              3
//                         hart 0, M mode  hart 0, S mode   ...
//
// A hart's S-mode context is the pair whose number is 9 (supervisor external interrupt) and whose
// controller is a child of the cpu node with that hart id.
//
// Register map, 4 bytes each: priority of a line at 4 * line; enable bits of a context at
// 0x2000 + 0x80 * context; threshold and claim/complete at 0x200000 + 0x1000 * context.
//
// Only as much as the highest context needs is mapped: the whole range is 64 MiB on some boards.
//
// Invariants: 1. context_of[cpu] is -1 or a context whose registers lie in the mapped range.
//             2. a line is enabled in at most one context, so one hart takes each interrupt and
//                no other is woken for nothing.
// Locks: enable bits are changed under irq.c's lock; claim and complete belong to their hart.

#define PLIC_ENABLE 0x2000
#define PLIC_ENABLE_STRIDE 0x80
#define PLIC_CONTEXT 0x200000
#define PLIC_CONTEXT_STRIDE 0x1000
#define PLIC_CLAIM 4 // in a context's page; the threshold is at 0
#define PLIC_LINES_MAX 1023
#define S_EXTERNAL 9

static volatile uint8_t *plic_regs;
static uint32_t line_count, phandle_of_plic;
static int context_of[CPU_MAX];

static uint32_t cell(const void *p) {
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return __builtin_bswap32(v);
}

// Finds the hart whose interrupt controller has this phandle; false when there is none.
static bool hart_of_intc(uint32_t phandle, uint64_t *hartid) {
    struct fdt_node intc, cpu = {0};
    if (!fdt_find_phandle(phandle, &intc))
        return false;
    while (fdt_next_node(&cpu)) {
        if (cpu.offset != intc.parent)
            continue;
        uint32_t len;
        const uint8_t *reg = fdt_prop(&cpu, "reg", &len);
        if (!reg || len < 4)
            return false;
        *hartid = len >= 8 ? (uint64_t)cell(reg) << 32 | cell(reg + 4) : cell(reg);
        return true;
    }
    return false;
}

static void note_context(int context, uint32_t phandle) {
    uint64_t hartid;
    if (!hart_of_intc(phandle, &hartid))
        return;
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        if (machine.hartid[cpu] == hartid)
            context_of[cpu] = context;
}

// Fills context_of from "interrupts-extended"; returns the highest context found, or -1.
static int find_contexts(const struct fdt_node *node) {
    uint32_t len;
    const uint8_t *pairs = fdt_prop(node, "interrupts-extended", &len);
    for (int cpu = 0; cpu < CPU_MAX; cpu++)
        context_of[cpu] = -1;
    for (uint32_t i = 0; pairs && i < len / 8; i++)
        if (cell(pairs + 8 * i + 4) == S_EXTERNAL)
            note_context((int)i, cell(pairs + 8 * i));
    int highest = -1;
    for (int cpu = 0; cpu < CPU_MAX; cpu++)
        highest = max(highest, context_of[cpu]);
    return highest;
}

int plic_init(void) {
    struct fdt_node node = {0};
    if (!fdt_next_compatible(&node, "riscv,plic0")) {
        node = (struct fdt_node){0};
        if (!fdt_next_compatible(&node, "sifive,plic-1.0.0"))
            return -ENODEV;
    }
    uint64_t base, size;
    uint32_t lines;
    if (!fdt_reg(&node, 0, &base, &size) || !fdt_prop_u32(&node, "riscv,ndev", &lines))
        return -ENODEV;
    int highest = find_contexts(&node);
    uint64_t needed = PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * ((uint64_t)highest + 1);
    if (highest < 0 || needed > size || lines == 0 || lines > PLIC_LINES_MAX) {
        pr_err("plic: device tree node %s makes no sense\n", node.name);
        return -ENODEV;
    }
    plic_regs = ioremap(base, needed);
    if (!plic_regs)
        return -ENOMEM;
    line_count = lines;
    fdt_prop_u32(&node, "phandle", &phandle_of_plic);
    for (uint32_t line = 1; line <= lines; line++)
        mmio_write32(plic_regs + 4 * line, 0);
    return 0;
}

uint32_t plic_lines(void) { return line_count; }

bool plic_serves(const struct fdt_node *device) {
    uint32_t parent;
    return !fdt_prop_u32(device, "interrupt-parent", &parent) || parent == phandle_of_plic;
}

static volatile uint8_t *context_regs(void) {
    return plic_regs + PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * (uint32_t)context_of[cpu_id()];
}

void plic_init_cpu(void) {
    if (plic_regs && context_of[cpu_id()] >= 0)
        mmio_write32(context_regs(), 0);
}

static volatile uint8_t *enable_word(uint32_t line, uint32_t cpu) {
    assertf(context_of[cpu] >= 0, "cpu %u has no context", cpu);
    return plic_regs + PLIC_ENABLE + PLIC_ENABLE_STRIDE * (uint32_t)context_of[cpu] + line / 32 * 4;
}

void plic_enable(uint32_t line, uint32_t cpu) {
    volatile uint8_t *word = enable_word(line, cpu);
    mmio_write32(plic_regs + 4 * line, 1); // one priority for all: above the threshold
    mmio_write32(word, mmio_read32(word) | 1u << line % 32);
}

void plic_disable(uint32_t line, uint32_t cpu) {
    volatile uint8_t *word = enable_word(line, cpu);
    mmio_write32(word, mmio_read32(word) & ~(1u << line % 32));
}

uint32_t plic_claim(void) { return mmio_read32(context_regs() + PLIC_CLAIM); }
void plic_complete(uint32_t line) { mmio_write32(context_regs() + PLIC_CLAIM, line); }
