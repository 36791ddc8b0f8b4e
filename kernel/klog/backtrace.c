// Backtraces by frame pointer.
//
// The compiler keeps in s0 the stack pointer at entry of the current function
// (-fno-omit-frame-pointer):
//
//   s0 -> +----------------+ caller's frame begins
//         | return address |  s0 - 8     in a function that calls nothing: the caller's s0,
//         | caller's s0    |  s0 - 16    and no return address at all
//
// A kernel trap leaves no gap: trap_from_kernel() is entered with sp = the trap frame, so where the
// return address is kernel_trap_return its s0 points at the frame, which has the interrupted pc and
// s0. Assembly routines (text.asm) have no frame; where one was interrupted its ra is printed as
// well.
//
// Invariant: no address is read that is not on the hart's current or emergency kernel stack.
#include "klog/backtrace.h"

#include "klog/printk.h"
#include "riscv/hart.h"

#define FRAMES_MAX 40

extern char kernel_trap_return[], __asm_text_start[], __asm_text_end[];

static bool is_text(vaddr_t addr) {
    return addr >= (vaddr_t)__text_start && addr < (vaddr_t)__text_end;
}

static bool on_stack(vaddr_t fp) {
    vaddr_t top = current_tcb->kstack_top, emergency = emergency_stack_top[current_tcb->cpu];
    bool thread = fp <= top && fp > top - KSTACK_SIZE + 16;
    bool spare = fp <= emergency && fp > emergency - KSTACK_SIZE + 16;
    return (thread || spare) && IS_ALIGNED(fp, 16);
}

// `back` is 1 for a return address: what matters is the call before it, which may be the last
// instruction of its function.
static void print_frame(int depth, vaddr_t pc, int back) {
    uint64_t offset;
    const char *name = symbol_name(pc - back, &offset);
    if (name)
        printk(LOG_EMERG, "  #%d %#lx %s+%#lx\n", depth, pc, name, offset + back);
    else
        printk(LOG_EMERG, "  #%d %#lx\n", depth, pc);
}

// Prints the interrupted pc, and for code without a frame of its own the way out of it. Returns the
// frame pointer to go on with and the pc that belongs to it in *pc.
static vaddr_t cross_trap(const struct trapframe *tf, int *depth, vaddr_t *pc) {
    print_frame((*depth)++, tf->sepc, 0);
    bool frameless = tf->sepc >= (vaddr_t)__asm_text_start && tf->sepc < (vaddr_t)__asm_text_end;
    if (frameless || !is_text(tf->sepc)) {
        *pc = tf->ra;
        return tf->s0;
    }
    if (on_stack(tf->s0) && on_stack(((vaddr_t *)tf->s0)[-1])) { // a leaf: no return address saved
        *pc = tf->ra;
        return ((vaddr_t *)tf->s0)[-1];
    }
    *pc = 0;
    return tf->s0;
}

static void walk(vaddr_t pc, vaddr_t fp, int depth) {
    while (depth < FRAMES_MAX) {
        if (pc)
            print_frame(depth++, pc, 1);
        if (!on_stack(fp))
            return;
        pc = ((vaddr_t *)fp)[-1];
        vaddr_t next = ((vaddr_t *)fp)[-2];
        if (pc == (vaddr_t)kernel_trap_return)
            next = cross_trap((const struct trapframe *)fp, &depth, &pc);
        else if (!is_text(pc))
            return;
        fp = next;
    }
    printk(LOG_EMERG, "  ... more\n");
}


void backtrace_trap(const struct trapframe *tf) {
    int depth = 0;
    vaddr_t pc;
    vaddr_t fp = cross_trap(tf, &depth, &pc);
    walk(pc, fp, depth);
}

void backtrace_print(vaddr_t pc, vaddr_t fp) { walk(pc, fp, 0); }

__noinline void backtrace_here(void) {
    walk((vaddr_t)__builtin_return_address(0), ((vaddr_t *)__builtin_frame_address(0))[-2], 0);
}
