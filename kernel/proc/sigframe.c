// Signal frames, as the riscv64 ABI has them (abi/signal.h): what Linux programs unwind and change.
//
//   old sp ->  ...
//              uc.uc_mcontext: registers, floating point      sp, 16-byte aligned, for the handler:
//              uc: flags, link, stack, mask                      ra = RETURN_ADDR
//   new sp ->  info (siginfo)                                    a0 = sig, a1 = &info, a2 = &uc
//
// riscv64 has no SA_RESTORER: the kernel supplies the code after the handler, two instructions that
// call rt_sigreturn. They stand in one page, shared by all processes and mapped above the stack
// when a process installs its first handler; programs without handlers never pay for it.
//
// The frame is written piece by piece, since the whole of it is more than a kernel stack frame
// should hold.
#include "proc/sigframe.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "riscv/atomic.h"
#include "sched/fp.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"
#include "vm/shmem.h"
#include "vm/uaccess.h"

#define RETURN_ADDR (USER_END - PAGE_SIZE)
#define INSN_LI_A7_SIGRETURN 0x08b00893 // addi a7, zero, 139
#define INSN_ECALL 0x00000073

static struct mapping *return_mapping;
static void *return_object;

int sigframe_init(void) {
    static const uint32_t code[] = {INSN_LI_A7_SIGRETURN, INSN_ECALL};
    struct page *page;
    int err = shmem_create(PAGE_SIZE, true, &return_mapping, &return_object);
    if (err)
        return err;
    return_mapping->is_shmem = false; // counted as a file is, as on Linux; it never goes to swap
    err = page_cache_get(return_mapping, 0, NULL, &page);
    if (err)
        return err;
    memcpy(page_to_virt(page), code, sizeof code);
    fence_i();
    return 0; // with the reference to the page: the cache may not drop it
}

int sigframe_map_return(void) {
    struct process *p = current_proc();
    if (p->sigreturn_mapped)
        return 0;
    int64_t at = vm_mmap(p->mm, RETURN_ADDR, PAGE_SIZE, PROT_READ | PROT_EXEC,
                         MAP_SHARED | MAP_FIXED_NOREPLACE, return_mapping, return_object, 0,
                         VM_MAYREAD | VM_MAYEXEC, VM_SPECIAL | VM_DONTEXPAND);
    if (at < 0 && at != -EEXIST) // taken: by ourselves (CLONE_VM), or the program knows better
        return (int)at;
    p->sigreturn_mapped = true;
    return 0;
}

// ---- the alternative stack

static bool on_altstack(const struct thread *t, uaddr_t sp) {
    return sp - t->altstack < t->altstack_size;
}

int sigframe_altstack(const stack_t *new, stack_t *old) {
    struct thread *t = current();
    bool in_use = on_altstack(t, tcb_user_frame(&t->tcb)->sp);
    memset(old, 0, sizeof *old);
    old->ss_sp = (void *)t->altstack;
    old->ss_size = t->altstack_size;
    old->ss_flags = t->altstack_size == 0 ? SS_DISABLE : in_use ? SS_ONSTACK : 0;
    if (!new)
        return 0;
    if (in_use)
        return -EPERM;
    if (new->ss_flags & ~(int)(SS_DISABLE | SS_ONSTACK | SS_AUTODISARM))
        return -EINVAL;
    bool off = new->ss_flags & SS_DISABLE;
    if (!off && new->ss_size < MINSIGSTKSZ)
        return -ENOMEM;
    t->altstack = off ? 0 : (uaddr_t)new->ss_sp;
    t->altstack_size = off ? 0 : new->ss_size;
    return 0;
}

static uaddr_t frame_address(const struct trapframe *tf, const struct sigaction *a) {
    const struct thread *t = current();
    uaddr_t sp = tf->sp;
    if ((a->sa_flags & SA_ONSTACK) && t->altstack_size && !on_altstack(t, sp))
        sp = t->altstack + t->altstack_size;
    return (sp - sizeof(struct rt_sigframe)) & ~15UL;
}

// ---- writing and reading the pieces

#define AT(frame, member) ((frame) + offsetof(struct rt_sigframe, member))

void sigframe_info(int sig, const struct signal_note *n, siginfo_t *out) {
    memset(out, 0, sizeof *out);
    out->si_signo = sig;
    out->si_code = n->code;
    if (n->addr || sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE ||
        sig == SIGTRAP) {
        out->si_addr = (void *)n->addr;
        if (n->code > 0 && n->code != SI_KERNEL)
            return; // a fault
    }
    out->si_pid = n->pid;
    out->si_uid = n->uid;
    if (sig == SIGCHLD)
        out->si_status = n->status;
}

static int put_info(uaddr_t frame, int sig, const struct signal_note *n) {
    siginfo_t info;
    sigframe_info(sig, n, &info);
    return copy_to_user(AT(frame, info), &info, sizeof info);
}

static int put_context(uaddr_t frame, uint64_t mask) {
    struct {
        uint64_t flags, link;
        stack_t stack;
        uint64_t mask;
    } head = {.mask = mask};
    sigframe_altstack(NULL, &head.stack);
    _Static_assert(sizeof head == offsetof(ucontext_t, uc_unused), "start of ucontext_t");
    int err = copy_to_user(AT(frame, uc), &head, sizeof head);
    return err ? err : clear_user(AT(frame, uc.uc_unused), sizeof(((ucontext_t *)0)->uc_unused));
}

// The pc, then x1 .. x31, in the order in which the trap frame has them.
static int put_registers(uaddr_t frame, const struct trapframe *tf) {
    uaddr_t to = AT(frame, uc.uc_mcontext.sc_regs);
    int err = copy_to_user(to, &tf->sepc, 8);
    return err ? err : copy_to_user(to + 8, tf, 31 * 8);
}

static int put_fp(uaddr_t frame) {
    uaddr_t to = AT(frame, uc.uc_mcontext.sc_fpregs);
    size_t done = 0;
    if (fp_sync()) {
        done = offsetof(struct riscv_d_ext_state, fcsr) + 4;
        if (copy_to_user(to, &current()->fp, done) != 0)
            return -EFAULT;
    }
    return clear_user(to + done, sizeof(union riscv_fp_state) - done);
}

int sigframe_push(struct trapframe *tf, int sig, const struct sigaction *a,
                  const struct signal_note *n, uint64_t mask) {
    uaddr_t frame = frame_address(tf, a);
    int err = put_info(frame, sig, n);
    if (!err)
        err = put_context(frame, mask);
    if (!err)
        err = put_registers(frame, tf);
    if (!err)
        err = put_fp(frame);
    if (err)
        return err;
    tf->ra = RETURN_ADDR;
    tf->sp = frame;
    tf->a0 = (uint64_t)sig;
    tf->a1 = AT(frame, info);
    tf->a2 = AT(frame, uc);
    tf->sepc = (uaddr_t)a->sa_handler;
    return 0;
}

static int get_fp(uaddr_t frame) {
    struct thread *t = current();
    struct fpstate *fp = &t->fp;
    uaddr_t from = AT(frame, uc.uc_mcontext.sc_fpregs);
    fp_reset(tcb_user_frame(&t->tcb));
    if (copy_from_user(fp, from, offsetof(struct riscv_d_ext_state, fcsr) + 4) != 0)
        return -EFAULT;
    fp->fcsr &= UINT32_MAX;
    t->fp_used = true;
    return 0;
}

// pc and x1 .. x31 lie in front of the CSRs in the trap frame as well.
static int get_registers(uaddr_t frame, struct trapframe *tf) {
    uaddr_t from = AT(frame, uc.uc_mcontext.sc_regs);
    int err = copy_from_user(&tf->sepc, from, 8);
    return err ? err : copy_from_user(tf, from + 8, 31 * 8);
}

long sigframe_pop(struct trapframe *tf) {
    uaddr_t frame = tf->sp;
    uint64_t mask;
    int err = frame % 16 ? -EFAULT : copy_from_user(&mask, AT(frame, uc.uc_sigmask), sizeof mask);
    if (!err)
        err = get_fp(frame);
    if (!err)
        err = get_registers(frame, tf);
    tf->scause = UINT64_MAX; // the restored a0 is no result of this call: nothing to restart
    if (err)
        signal_kill_self(SIGSEGV);
    else
        signal_set_mask(mask);
    return (long)tf->a0;
}
