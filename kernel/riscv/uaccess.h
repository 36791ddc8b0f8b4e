// Raw copies to and from user memory (uaccess.S): they set SUM, and a fault that cannot be solved
// ends them early through the exception table. Ranges have been checked against USER_END by the
// caller (vm/uaccess.c): use that header, not this one.
#pragma once

#include "lib/compiler.h"

// Return the number of bytes NOT copied: 0 is success.
size_t __raw_copy_from_user(void *dst, uaddr_t src, size_t n);
size_t __raw_copy_to_user(uaddr_t dst, const void *src, size_t n);
size_t __raw_clear_user(uaddr_t dst, size_t n);
// Length of the copied string without its end; n when none was found in n bytes; -EFAULT.
ssize_t __raw_strncpy_from_user(char *dst, uaddr_t src, size_t n);
// Atomic compare and exchange of a 32-bit word, for futexes: 0 or -EFAULT; *old is what was there.
int __raw_cmpxchg_user_u32(uaddr_t addr, uint32_t *old, uint32_t new);

// The address to continue at when the instruction at pc faults, 0 when pc is not in the table.
vaddr_t exception_fixup(vaddr_t pc);
