// The address types of the kernel. A bare uint64_t is never an address.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; // physical address, bytes
typedef uint64_t vaddr_t; // kernel virtual address, bytes
typedef uint64_t uaddr_t; // user virtual address, bytes
typedef uint64_t pfn_t;   // physical frame number: paddr / PAGE_SIZE, counted from address 0
typedef int64_t ssize_t;
typedef int64_t off_t;  // file offset, bytes
typedef uint64_t ino_t; // inode number
typedef uint32_t dev_t; // (major << 8 | minor), Linux's small encoding

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
