// ns16550 UART with receive and transmit interrupts (National Semiconductor PC16550D data sheet).
// Registers, shift and interrupt line come from the device tree.
#pragma once

#include "lib/compiler.h"

// What the UART tells its user (upcalls, docs/floors.md): interrupt context, no UART lock held.
struct uart_client {
    void (*receive)(const char *s, size_t n); // bytes came, at most UART_CHUNK
    void (*room)(void);                       // the transmit queue has become half empty
};
#define UART_CHUNK 64

// 0, -ENODEV or -ENOMEM. Takes over the log sink from SBI.
int uart_init(void);
// Switches input on. Bytes that came earlier and fitted into the chip are delivered.
void uart_set_client(const struct uart_client *client);
// Sends bytes, or queues what the chip does not take at once; returns how many fitted. Any context.
size_t uart_write(const char *s, size_t n);
size_t uart_room(void); // bytes that uart_write() would take now, if nobody else writes
bool uart_idle(void);   // everything has left the chip
// Drops what is queued.
void uart_discard(void);
// Sends directly, waiting for the chip; "\n" becomes "\r\n". For the log and for panics: takes no
// ranked lock. A chip that does not move for 2 seconds loses the bytes.
void uart_write_sync(const char *s, size_t n);
// Pushes the queue out before the power goes; the same way.
void uart_flush_sync(void);
// true: leaves input in the chip, so that the sender stops, until called with false.
void uart_throttle(bool on);
// Test: output comes back as input and does not leave the chip. At most 16 bytes at a time.
void uart_set_loopback(bool on);
