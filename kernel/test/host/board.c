// The machine under the host tests of mm/ (board.h). The real spin locks run on it, so lock order
// and sleeping with a lock held are checked as in the kernel.
#define _GNU_SOURCE
#define dev_t host_dev_t
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#undef dev_t

#include "board.h"

#include "klog/backtrace.h"
#include "klog/panic.h"
#include "klog/debugcmd.h"
#include "klog/printk.h"
#include "riscv/mmu.h"
#include "riscv/pagecopy.h"
#include "riscv/sbi.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

struct machine machine;
paddr_t ram_base;
uint64_t board_sstatus = SSTATUS_SIE, board_time;
uint64_t board_remote_flushes;
const struct board_symbol *board_symbols;

static struct tcb tcb;
struct tcb *current_tcb = &tcb;
static int ram_file;
static uint64_t ram_size; // from ram_base to the end of the last range
static const pte_t *root; // of the page table in use

// ---- power --------------------------------------------------------------------------------------

static void map_file(vaddr_t va, paddr_t pa, size_t size, int protection) {
    void *at = mmap((void *)va, size, protection, MAP_SHARED | MAP_FIXED, ram_file,
                    (off_t)(pa - ram_base));
    assertf(at == (void *)va, "cannot map %#lx", va);
}

void board_power_on(const struct machine *m) {
    paddr_t end = 0;

    machine = *m;
    ram_base = ~0UL;
    for (int i = 0; i < m->ram_count; i++) {
        ram_base = min(ram_base, m->ram[i].base);
        end = max(end, m->ram[i].base + m->ram[i].size);
    }
    ram_base = ALIGN_DOWN(ram_base, PAGE_SIZE);
    ram_size = end - ram_base;
    ram_file = memfd_create("ram", 0);
    assertf(ram_file >= 0 && !ftruncate(ram_file, (off_t)ram_size), "no %#lx bytes", ram_size);
    for (int i = 0; i < m->ram_count; i++) {
        paddr_t from = ALIGN_DOWN(m->ram[i].base, PAGE_SIZE);
        map_file((vaddr_t)phys_to_virt(from), from, m->ram[i].base + m->ram[i].size - from,
                 PROT_READ | PROT_WRITE);
    }
    for (uint32_t cpu = 0; cpu < (uint32_t)m->cpu_count; cpu++) {
        cpus[cpu].id = cpu;
        machine.hartid[cpu] = cpu;
        cpu_online_mask |= 1u << cpu;
    }
}

void board_set_cpu(uint32_t cpu) { tcb.cpu = cpu; }

void cpu_call_others(uint32_t mask, void (*fn)(void *), void *arg) {
    uint32_t me = cpu_id();
    might_sleep();
    mask &= cpu_online_mask & ~(1u << me);
    for (uint32_t cpu = 0; mask >> cpu; cpu++)
        if (mask >> cpu & 1) {
            board_set_cpu(cpu);
            fn(arg);
        }
    board_set_cpu(me);
}

// ---- memory -------------------------------------------------------------------------------------

void clear_page(void *page) { memset(page, 0, PAGE_SIZE); }

pte_t board_walk(const pte_t *table, vaddr_t va, int *level) {
    pte_t pte = table[va >> 30 & 511];
    for (*level = 2; *level > 0 && (pte.v & 15) == PTE_V; --*level) {
        table = phys_to_virt(pte_paddr(pte));
        pte = table[va >> (*level == 2 ? 21 : 12) & 511];
    }
    return pte;
}

void mmu_load(uint64_t satp) { root = phys_to_virt((satp & SATP_PPN_MASK) << PAGE_SHIFT); }

uint64_t mmu_loaded(void) { return virt_to_phys(root) >> PAGE_SHIFT; }

void debugcmd_register(struct debugcmd *cmd) {}

// Registers of devices lie outside RAM: their addresses stay unmapped.
void tlb_flush_page_local(uint64_t va) {
    int level;
    pte_t pte = board_walk(root, va, &level);
    bool ram = pte_present(pte) && pte_paddr(pte) - ram_base < ram_size;

    assertf(va >= VMALLOC_START && va < VMALLOC_END && (!pte_present(pte) || level == 0),
            "va %#lx pte %#lx", va, pte.v);
    if (ram)
        map_file(va, pte_paddr(pte), PAGE_SIZE,
                 (pte.v & PTE_R ? PROT_READ : 0) | (pte.v & PTE_W ? PROT_WRITE : 0));
    else
        munmap((void *)va, PAGE_SIZE);
}

void tlb_flush_all_local(void) {
    int level;
    munmap((void *)VMALLOC_START, VMALLOC_END - VMALLOC_START);
    for (vaddr_t va = VMALLOC_START; va < VMALLOC_END; va += pt_level_size(level))
        if (!pte_none(board_walk(root, va, &level)))
            tlb_flush_page_local(va);
}

int sbi_remote_sfence(uint64_t hart_mask, uint64_t hart_base, vaddr_t start, size_t size) {
    assertf(!(hart_mask >> cpu_id() & 1) && hart_base == 0, "mask %#lx", hart_mask);
    board_remote_flushes += (uint64_t)__builtin_popcountl(hart_mask);
    return 0;
}

// ---- words --------------------------------------------------------------------------------------

void printk(enum loglevel level, const char *fmt, ...) {}

void panic(const char *fmt, ...) {
    char text[400];
    va_list args;
    va_start(args, fmt);
    (vsnprintf)(text, sizeof(text), fmt, args);
    va_end(args);
    assert_failed("panic", 0, "%s", text);
}

bool panicking(void) { return false; }
const char *function_name(vaddr_t addr) { return "?"; }

const char *symbol_name(vaddr_t addr, uint64_t *offset) {
    const struct board_symbol *found = NULL;
    for (const struct board_symbol *s = board_symbols; s && s->name; s++)
        if (s->start < addr && (!found || s->start > found->start))
            found = s;
    *offset = found ? addr - found->start : 0;
    return found ? found->name : NULL;
}
