// Loads and stores of device registers. The fences order them against memory (RISC-V Unprivileged
// Architecture, FENCE): a store to a device comes after the stores to memory that the program did
// before it; a load from a device comes before the loads from memory that follow.
#pragma once

#include "lib/compiler.h"

static inline uint8_t mmio_read8(const volatile void *reg) {
    uint8_t v = *(const volatile uint8_t *)reg;
    asm volatile("fence i, r" ::: "memory");
    return v;
}

static inline uint16_t mmio_read16(const volatile void *reg) {
    uint16_t v = *(const volatile uint16_t *)reg;
    asm volatile("fence i, r" ::: "memory");
    return v;
}

static inline uint32_t mmio_read32(const volatile void *reg) {
    uint32_t v = *(const volatile uint32_t *)reg;
    asm volatile("fence i, r" ::: "memory");
    return v;
}

static inline void mmio_write8(volatile void *reg, uint8_t v) {
    asm volatile("fence w, o" ::: "memory");
    *(volatile uint8_t *)reg = v;
}

static inline void mmio_write32(volatile void *reg, uint32_t v) {
    asm volatile("fence w, o" ::: "memory");
    *(volatile uint32_t *)reg = v;
}
