// Copies between the kernel and the current process, and scattered transfers (struct uio).
//
// A user pointer is checked against USER_END first, so that a raw copy can only ever touch the user
// half. Inside the raw copy a page fault is solved like any other; one that cannot be solved (no
// VMA, or faults are off in this thread) ends the copy early, through the exception table.
//
//   with faults on       copy_from_user() and its like: all or -EFAULT
//   with faults off      copy_from_uio() and its like stop short; the caller drops its page lock,
//                        calls uio_fault_in() and tries again (fileio.c draws the loop)
//
// Invariants: 1. pagefault_off is back at its old value when a function here returns. 2. a uio is
// advanced by exactly the bytes that moved. 3. left == sum of what the remaining entries hold.
//
// Rejected: touching user memory through the linear map after a page table walk (needs pins, and
// hides from the hardware's accessed bits).
#include "vm/uaccess.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "riscv/uaccess.h"
#include "sched/thread.h"
#include "vm/fault.h"
#include "vm/mm.h"

// [addr, addr + n) lies in the user half.
static inline bool user_range_ok(uaddr_t addr, size_t n) {
    return n <= USER_END && addr <= USER_END - n;
}

int copy_from_user(void *dst, uaddr_t src, size_t n) {
    if (unlikely(!user_range_ok(src, n)))
        return -EFAULT;
    return __raw_copy_from_user(dst, src, n) ? -EFAULT : 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t n) {
    if (unlikely(!user_range_ok(dst, n)))
        return -EFAULT;
    return __raw_copy_to_user(dst, src, n) ? -EFAULT : 0;
}

int clear_user(uaddr_t dst, size_t n) {
    if (unlikely(!user_range_ok(dst, n)))
        return -EFAULT;
    return __raw_clear_user(dst, n) ? -EFAULT : 0;
}

ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size) {
    if (src >= USER_END)
        return -EFAULT;
    size_t n = min(size, USER_END - src);
    ssize_t len = __raw_strncpy_from_user(dst, src, n);
    if (len < 0 || (size_t)len < n)
        return len;
    return n < size ? -EFAULT : -ENAMETOOLONG; // ran into the end of the user half, or of dst
}

void pagefault_disable(void) { current()->pagefault_off++; }

void pagefault_enable(void) {
    assertf(current()->pagefault_off > 0, "%s: page faults enabled twice", current()->name);
    current()->pagefault_off--;
}

ssize_t fault_in_user(uaddr_t addr, size_t n, bool write) {
    struct mm *mm = current()->mm;
    if (n == 0)
        return 0;
    if (!mm || !user_range_ok(addr, n))
        return -EFAULT;
    uaddr_t end = addr + n, va = addr;
    while (va < end && vm_fault(mm, va, write ? FAULT_WRITE : FAULT_READ) == 0)
        va = (va & PAGE_MASK) + PAGE_SIZE;
    return va == addr ? -EFAULT : (ssize_t)(min(va, end) - addr);
}

void uio_init_user(struct uio *u, struct iovec *iov, uaddr_t buf, size_t n) {
    *iov = (struct iovec){(void *)buf, n};
    *u = (struct uio){.iov = iov, .count = 1, .left = n};
}

void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n) {
    *iov = (struct iovec){buf, n};
    *u = (struct uio){.iov = iov, .count = 1, .left = n, .kernel = true};
}

// What is left of the current entry, empty ones skipped. 0 only when the uio is used up.
static size_t uio_segment(struct uio *u, uaddr_t *addr) {
    while (u->count && u->done == u->iov->iov_len) {
        u->iov++;
        u->count--;
        u->done = 0;
    }
    if (!u->count)
        return 0;
    *addr = (uaddr_t)u->iov->iov_base + u->done;
    return u->iov->iov_len - u->done;
}

static void uio_advance(struct uio *u, size_t n) {
    assertf(n <= u->left && u->done + n <= u->iov->iov_len, "uio over-run: %zu of %zu", n, u->left);
    u->done += n;
    u->left -= n;
}

enum uio_op { UIO_TO, UIO_FROM, UIO_ZERO };

static size_t move_kernel(enum uio_op op, uaddr_t addr, void *mem, size_t n) {
    if (op == UIO_TO)
        memcpy((void *)addr, mem, n);
    else if (op == UIO_FROM)
        memcpy(mem, (void *)addr, n);
    else
        memset((void *)addr, 0, n);
    return n;
}

static size_t move_user(enum uio_op op, uaddr_t addr, void *mem, size_t n) {
    if (unlikely(!user_range_ok(addr, n)))
        return 0;
    if (op == UIO_TO)
        return n - __raw_copy_to_user(addr, mem, n);
    if (op == UIO_FROM)
        return n - __raw_copy_from_user(mem, addr, n);
    return n - __raw_clear_user(addr, n);
}

static size_t uio_move(struct uio *u, enum uio_op op, void *mem, size_t n) {
    size_t total = 0, seg, moved;
    uaddr_t addr;

    n = min(n, u->left);
    while (total < n && (seg = uio_segment(u, &addr))) {
        seg = min(seg, n - total);
        void *at = (void *)((uintptr_t)mem + total); // mem is NULL when zeroes are written
        moved = u->kernel ? move_kernel(op, addr, at, seg) : move_user(op, addr, at, seg);
        uio_advance(u, moved);
        total += moved;
        if (moved < seg)
            break;
    }
    return total;
}

size_t copy_to_uio(struct uio *u, const void *src, size_t n) {
    return uio_move(u, UIO_TO, (void *)src, n);
}

size_t copy_from_uio(struct uio *u, void *dst, size_t n) { return uio_move(u, UIO_FROM, dst, n); }

size_t zero_uio(struct uio *u, size_t n) { return uio_move(u, UIO_ZERO, NULL, n); }

ssize_t uio_fault_in(struct uio *u, size_t n, bool write) {
    struct uio ahead = *u; // looked at, not used up
    uaddr_t addr;

    n = min(n, u->left);
    for (size_t total = 0; !u->kernel && total < n;) {
        size_t seg = min(uio_segment(&ahead, &addr), n - total);
        assertf(seg > 0, "uio shorter than its left %zu", u->left);
        ssize_t ready = fault_in_user(addr, seg, write);
        if (ready < 0)
            return total ? (ssize_t)total : ready;
        total += ready;
        if ((size_t)ready < seg)
            return total;
        uio_advance(&ahead, seg);
    }
    return n;
}
