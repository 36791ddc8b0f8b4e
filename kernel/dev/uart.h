// ns16550 UART with receive and transmit interrupts (National Semiconductor PC16550D data sheet).
// Registers, shift and interrupt line come from the device tree.
#pragma once

#include "lib/compiler.h"

// 0, or -ENODEV. Takes over the log sink from SBI; then interrupts for input.
int uart_init(void);
// Queues bytes for the interrupt-driven transmitter; returns how many fitted. Any context.
size_t uart_write(const char *s, size_t n);
// Writes directly, waiting for the FIFO: log and panic.
void uart_write_sync(const char *s, size_t n);
// Sleeps until the transmit queue has room; then until everything has left the chip.
void uart_wait_room(void);
void uart_drain(void);
// Upcall: where received bytes go (interrupt context).
void uart_set_receiver(void (*rx)(const char *s, size_t n));
