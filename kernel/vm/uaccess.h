// Memory of the current process, and scattered transfers. A bad pointer is -EFAULT, never a trap.
#pragma once

#include "abi/uio.h"
#include "lib/compiler.h"

// 0 or -EFAULT.
int __must_check copy_from_user(void *dst, uaddr_t src, size_t n);
int __must_check copy_to_user(uaddr_t dst, const void *src, size_t n);
int __must_check clear_user(uaddr_t dst, size_t n);
// Length without the end, -EFAULT, or -ENAMETOOLONG when there is no end in size bytes.
ssize_t __must_check strncpy_from_user(char *dst, uaddr_t src, size_t size);
// Faults in [addr, addr + n) for reading or writing ahead of a nofault copy: bytes from addr on
// that are in, or -EFAULT when not even one.
ssize_t __must_check fault_in_user(uaddr_t addr, size_t n, bool write);
// Between these, user copies in this thread stop short instead of faulting (page lock held).
void pagefault_disable(void);
void pagefault_enable(void);

// A scattered transfer that is used up as bytes are moved: user or kernel memory.
struct uio {
    const struct iovec *iov; // kernel copy of the vector; iov_base are user or kernel addresses
    size_t count, done;      // entries; bytes used of iov[0]
    size_t left;             // bytes in all
    bool kernel;
};

void uio_init_user(struct uio *u, struct iovec *iov, uaddr_t buf, size_t n); // *iov: caller's room
void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n);
// Moves n bytes (or fewer at a fault) and advances. Returns how many moved.
size_t copy_to_uio(struct uio *u, const void *src, size_t n);
size_t copy_from_uio(struct uio *u, void *dst, size_t n);
size_t zero_uio(struct uio *u, size_t n);
// Faults in what comes next (up to n bytes): before a copy with faults off. How many bytes are in
// (fewer than asked when bad memory follows), or -EFAULT when not even one.
ssize_t __must_check uio_fault_in(struct uio *u, size_t n, bool write);
