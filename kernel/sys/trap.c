// Traps: interrupts, system calls, page faults, and what is done about each.
//
//             from user mode                       from the kernel
//   ecall     syscall_dispatch                     fatal
//   interrupt interrupt, then tcb.work             interrupt
//   fault     vm_fault, else a signal              user copy: vm_fault, else its fixup; or fatal
//   other     a signal                             fatal
//
// Interrupts are off at entry. System calls and faults of user mode run with them on; interrupt
// handlers run with them off and never sleep.
//
// trap_from_user() keeps the system call in front of everything else and calls the rest, so that
// the compiler saves no register for what a system call does not do.
#include "sys/trap.h"

#include "abi/errno.h"
#include "dev/irq.h"
#include "klog/backtrace.h"
#include "klog/panic.h"
#include "proc/signal.h"
#include "riscv/uaccess.h"
#include "sched/fp.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "sys/fatal.h"
#include "sys/syscall.h"
#include "vm/fault.h"

#define SCOUNTEREN_ALL 7 // rdcycle, rdtime, rdinstret in user mode

static void inter_processor(const struct trapframe *tf) {
    uint64_t work = ipi_receive();
    if (work & IPI_PANIC)
        panic_stop_this_hart(tf);
    if (work & IPI_RESCHED)
        sched_tick();
}

static void interrupt(struct trapframe *tf) {
    struct cpu *c = this_cpu();
    c->irq_nest++;
    switch (tf->scause) {
    case IRQ_S_TIMER:
        timer_interrupt();
        break;
    case IRQ_S_EXTERNAL:
        irq_handle();
        break;
    case IRQ_S_SOFT:
        inter_processor(tf);
        break;
    default:
        fatal_trap(tf);
    }
    c->irq_nest--;
}

static inline bool is_page_fault(uint64_t scause) {
    return scause == EXC_LOAD_PAGE_FAULT || scause == EXC_STORE_PAGE_FAULT ||
           scause == EXC_INST_PAGE_FAULT;
}

static inline enum fault_access access_of(uint64_t scause) {
    return scause == EXC_STORE_PAGE_FAULT  ? FAULT_WRITE
           : scause == EXC_LOAD_PAGE_FAULT ? FAULT_READ
                                           : FAULT_EXEC;
}

// A user copy in the kernel touched user memory: like a fault of user mode, but what cannot be
// solved (or not here: faults off, a spin lock held) goes on at the routine's fixup.
static void kernel_fault(struct trapframe *tf) {
    struct thread *t = current();
    vaddr_t fixup = tf->stval < USER_END ? exception_fixup(tf->sepc) : 0;
    if (unlikely(!fixup))
        fatal_trap(tf);
    if (t->mm && !t->pagefault_off && tf->sstatus & SSTATUS_SPIE) {
        irq_enable();
        int err = vm_fault(t->mm, tf->stval, access_of(tf->scause));
        irq_disable();
        if (err == 0)
            return;
    }
    tf->sepc = fixup;
}

void trap_from_kernel(struct trapframe *tf) {
    if (tf->scause & SCAUSE_INTERRUPT)
        interrupt(tf);
    else if (is_page_fault(tf->scause))
        kernel_fault(tf);
    else
        fatal_trap(tf);
}

static __noinline void user_fault_failed(int err, uaddr_t addr) {
    switch (err) {
    case -EACCES:
        signal_force(SIGSEGV, SEGV_ACCERR, addr);
        break;
    case -EIO:
        signal_force(SIGBUS, BUS_ADRERR, addr);
        break;
    case -ENOMEM:
        signal_force(SIGKILL, SI_KERNEL, addr);
        break;
    default:
        signal_force(SIGSEGV, SEGV_MAPERR, addr);
    }
}

static __noinline void user_exception(struct trapframe *tf) {
    switch (tf->scause) {
    case EXC_ILLEGAL:
        if (!fp_trap(tf))
            signal_force(SIGILL, ILL_ILLOPC, tf->sepc);
        break;
    case EXC_BREAKPOINT:
        signal_force(SIGTRAP, TRAP_BRKPT, tf->sepc);
        break;
    case EXC_INST_MISALIGNED:
    case EXC_LOAD_MISALIGNED:
    case EXC_STORE_MISALIGNED:
        signal_force(SIGBUS, BUS_ADRALN, tf->stval);
        break;
    case EXC_INST_ACCESS:
    case EXC_LOAD_ACCESS:
    case EXC_STORE_ACCESS:
        signal_force(SIGSEGV, SEGV_ACCERR, tf->stval);
        break;
    default:
        panic_trap(tf, "%s in user mode", trap_cause_name(tf->scause));
    }
}

static __noinline void user_trap(struct trapframe *tf) {
    tf->stval = csr_read(stval);
    if (likely(is_page_fault(tf->scause))) {
        irq_enable();
        int err = vm_fault(current()->mm, tf->stval, access_of(tf->scause));
        if (unlikely(err))
            user_fault_failed(err, tf->stval);
    } else if (tf->scause & SCAUSE_INTERRUPT) {
        interrupt(tf);
    } else {
        user_exception(tf);
    }
}

// Time is charged here and in the context switch; the little work after this counts as user time.
void trap_from_user(struct trapframe *tf) {
    thread_charge_user();
    if (likely(tf->scause == EXC_SYSCALL))
        syscall_dispatch(tf);
    else
        user_trap(tf);
    thread_charge_kernel();
}

void trap_user_work(struct trapframe *tf) {
    irq_enable();
    if (current_tcb->work & WORK_RESCHED)
        schedule();
    if (current_tcb->work & WORK_SIGNAL)
        signal_user_work(tf);
}

void trap_stack_overflow(struct trapframe *tf) {
    panic_trap(tf, "kernel stack overflow in %s: sp %#lx, stack end %#lx",
               function_name(tf->sepc), tf->sp, current_tcb->kstack_top - KSTACK_SIZE);
}

void trap_init_cpu(void) {
    csr_write(scounteren, SCOUNTEREN_ALL);
    csr_write(sie, SIE_SOFT | SIE_TIMER | SIE_EXTERNAL);
}
