#include "dev/uart.h"

#include "abi/errno.h"
#include "dev/irq.h"
#include "dev/mmio.h"
#include "klog/debugcmd.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/ring.h"
#include "mm/kspace.h"
#include "riscv/atomic.h"
#include "riscv/csr.h"
#include "riscv/fdt.h"
#include "riscv/machine.h"
#include "sync/spinlock.h"

// The serial port of the console.
//
//   tty -> uart_write -> [queue] -> transmit FIFO (16 bytes) -> line
//   log -> uart_write_sync ------------^
//   line -> receive FIFO -> interrupt -> client->receive
//
// uart_write() gives the chip what it takes now and queues the rest; the transmit interrupt is on
// only while the queue holds something. On a fast line (QEMU) nearly all output leaves at once,
// without a single interrupt.
//
// The log must work from any context, even while this file's own lock is held: so a second, raw
// lock `chip` guards the moment between "the FIFO is empty" and "16 bytes are in it", outside the
// lock order, with interrupts off and nothing else inside. A panic does not wait for it for ever.
//
// A BREAK followed by a letter runs a debug command, whatever state the terminal is in (Linux's
// serial SysRq; QEMU sends BREAK for Ctrl-A B).
//
// Invariants: 1. the transmit FIFO is written only with `chip` held, at most FIFO_SIZE bytes after
//                each sight of LSR_THRE: it cannot overflow.
//             2. IER_THRI is set exactly while the queue is not empty.
//             3. bytes of the queue leave in order: while it is not empty, uart_write() appends.
// Locks: uart_lock (RANK_UART) for queue, ier, client; then chip.

#define REG_DATA 0 // receive and transmit
#define REG_IER 1
#define REG_FCR 2 // write
#define REG_LCR 3
#define REG_MCR 4
#define REG_LSR 5

#define IER_RDI 1  // received data
#define IER_THRI 2 // transmitter empty
#define FCR_ENABLE 1
#define LCR_8N1 3
#define MCR_DTR_RTS_OUT2 0x0b // OUT2 lets the interrupt out on PC-like boards
#define MCR_LOOP 0x10
#define LSR_DR 1
#define LSR_BI 0x10   // break
#define LSR_THRE 0x20 // transmit FIFO empty
#define LSR_TEMT 0x40 // and the shift register too

#define FIFO_SIZE 16
#define QUEUE_SIZE 4096
#define STUCK_SECONDS 2

static volatile uint8_t *regs;
static uint32_t reg_shift, reg_width; // [I]
static uint32_t chip;                 // [a] 1 = taken

static struct spinlock uart_lock = SPINLOCK_INIT("uart", RANK_UART);
static uint8_t queue_data[QUEUE_SIZE];
static struct ring queue = {.data = queue_data, .size = QUEUE_SIZE};
static uint8_t ier;
static bool room_wanted;   // the queue was over half full: tell the client when it no longer is
static bool break_flag;    // [irq] a BREAK is in the FIFO: a NUL, not always at the front (QEMU)
static bool after_break;   // [irq] the next byte names a debug command
static const struct uart_client *client; // [a] set once

static uint8_t reg_read(uint32_t reg) {
    volatile uint8_t *p = regs + (reg << reg_shift);
    return reg_width == 4 ? (uint8_t)mmio_read32(p) : mmio_read8(p);
}

static void reg_write(uint32_t reg, uint8_t v) {
    volatile uint8_t *p = regs + (reg << reg_shift);
    if (reg_width == 4)
        mmio_write32(p, v);
    else
        mmio_write8(p, v);
}

// Interrupts are off. In a panic the holder may be a stopped hart: then go on without it.
static void chip_acquire(void) {
    uint64_t tries = 0;
    while (atomic_swap(&chip, 1)) {
        cpu_relax();
        if (++tries > 1000000 && panicking())
            return;
    }
}

static void chip_release(void) { atomic_store(&chip, 0); }

// ---- transmit ----

// Moves bytes into the FIFO if it is empty. uart_lock held.
static size_t fill_fifo(const char *s, size_t n) {
    size_t i = 0;
    chip_acquire();
    if (reg_read(REG_LSR) & LSR_THRE)
        for (; i < n && i < FIFO_SIZE; i++)
            reg_write(REG_DATA, (uint8_t)s[i]);
    chip_release();
    return i;
}

// The same from the queue; false when the FIFO took nothing or nothing is left. uart_lock held.
static bool fill_fifo_from_queue(void) {
    bool moved = false;
    uint8_t c;
    chip_acquire();
    if (reg_read(REG_LSR) & LSR_THRE)
        for (int i = 0; i < FIFO_SIZE && ring_pop(&queue, &c); i++) {
            reg_write(REG_DATA, c);
            moved = true;
        }
    chip_release();
    return moved;
}

// Makes the interrupt enables say what the state wants. uart_lock held.
static void set_ier(uint8_t bit, bool on) {
    uint8_t new = on ? ier | bit : ier & ~bit;
    if (new == ier)
        return;
    ier = new;
    reg_write(REG_IER, ier);
}

size_t uart_write(const char *s, size_t n) {
    size_t done = 0;
    spin_lock(&uart_lock);
    if (regs && ring_used(&queue) == 0)
        for (size_t sent = 1; sent && done < n; done += sent)
            sent = fill_fifo(s + done, n - done);
    while (done < n && ring_push(&queue, (uint8_t)s[done]))
        done++;
    if (regs)
        set_ier(IER_THRI, ring_used(&queue) > 0);
    if (ring_used(&queue) > QUEUE_SIZE / 2)
        room_wanted = true;
    spin_unlock(&uart_lock);
    return done;
}

size_t uart_room(void) { return QUEUE_SIZE - (READ_ONCE(queue.head) - READ_ONCE(queue.tail)); }

bool uart_idle(void) {
    if (!regs)
        return true;
    return READ_ONCE(queue.head) == READ_ONCE(queue.tail) && reg_read(REG_LSR) & LSR_TEMT;
}

void uart_discard(void) {
    spin_lock(&uart_lock);
    queue.tail = queue.head;
    if (regs)
        set_ier(IER_THRI, false);
    spin_unlock(&uart_lock);
}

// Waits until the FIFO is empty; false when it is stuck. chip held.
static bool wait_fifo(void) {
    uint64_t start = time_read();
    while (!(reg_read(REG_LSR) & LSR_THRE))
        if (time_read() - start > STUCK_SECONDS * machine.timebase)
            return false;
    return true;
}

// Waits and sends one FIFO load, with "\r" before each "\n"; returns how many of s were done.
static size_t send_load_sync(const char *s, size_t n) {
    if (!wait_fifo())
        return n;
    size_t i = 0;
    for (int used = 0; i < n && used < FIFO_SIZE - 1; i++, used++) {
        if (s[i] == '\n') {
            reg_write(REG_DATA, '\r');
            used++;
        }
        reg_write(REG_DATA, (uint8_t)s[i]);
    }
    return i;
}

void uart_write_sync(const char *s, size_t n) {
    if (!regs)
        return;
    uint64_t irq = irq_save();
    while (n > 0) {
        chip_acquire();
        size_t sent = send_load_sync(s, n);
        chip_release();
        s += sent;
        n -= sent;
    }
    irq_restore(irq);
}

void uart_flush_sync(void) {
    if (!regs)
        return;
    uint64_t irq = irq_save();
    bool stuck = false;
    while (!stuck && ring_used(&queue) > 0) {
        chip_acquire();
        stuck = !wait_fifo();
        chip_release();
        fill_fifo_from_queue();
    }
    irq_restore(irq);
}

// ---- receive ----

// Reads up to one chunk; a byte after a BREAK goes to the debug commands instead.
static size_t read_chunk(char *buf) {
    size_t n = 0;
    uint8_t lsr;
    while (n < UART_CHUNK && ((lsr = reg_read(REG_LSR)) & LSR_DR)) {
        char c = (char)reg_read(REG_DATA);
        break_flag = break_flag || lsr & LSR_BI;
        if (break_flag && c == 0) {
            break_flag = false;
            after_break = true;
        } else if (after_break) {
            after_break = false;
            debugcmd_run(c);
        } else {
            buf[n++] = c;
        }
    }
    return n;
}

static void uart_interrupt(void *arg) {
    char buf[UART_CHUNK];
    const struct uart_client *to = atomic_load(&client);
    while (to && READ_ONCE(ier) & IER_RDI) { // the client may throttle between chunks
        size_t n = read_chunk(buf);
        if (n == 0)
            break;
        to->receive(buf, n);
    }
    spin_lock(&uart_lock);
    while (ring_used(&queue) > 0 && fill_fifo_from_queue())
        ;
    set_ier(IER_THRI, ring_used(&queue) > 0);
    bool tell = room_wanted && ring_used(&queue) <= QUEUE_SIZE / 2;
    if (tell)
        room_wanted = false;
    spin_unlock(&uart_lock);
    if (tell && to)
        to->room();
}

void uart_throttle(bool on) {
    spin_lock(&uart_lock);
    if (regs)
        set_ier(IER_RDI, !on);
    spin_unlock(&uart_lock);
}

void uart_set_client(const struct uart_client *c) {
    atomic_store(&client, c);
    uart_throttle(false);
}

void uart_set_loopback(bool on) {
    if (regs)
        reg_write(REG_MCR, MCR_DTR_RTS_OUT2 | (on ? MCR_LOOP : 0));
}

// ---- start ----

static bool find_uart(struct fdt_node *node) {
    if (fdt_next_compatible(node, "ns16550a"))
        return true;
    *node = (struct fdt_node){0};
    return fdt_next_compatible(node, "ns16550");
}

int uart_init(void) {
    struct fdt_node node = {0};
    uint64_t base, size;
    uint32_t line, offset = 0;
    if (!find_uart(&node) || !fdt_reg(&node, 0, &base, &size))
        return -ENODEV;
    reg_width = 1;
    fdt_prop_u32(&node, "reg-shift", &reg_shift);
    fdt_prop_u32(&node, "reg-io-width", &reg_width);
    fdt_prop_u32(&node, "reg-offset", &offset);
    if (reg_shift > 2 || (reg_width != 1 && reg_width != 4) || size < (8UL << reg_shift) + offset)
        return -ENODEV;
    volatile uint8_t *mapped = ioremap(base, size);
    if (!mapped)
        return -ENOMEM;
    regs = mapped + offset;
    reg_write(REG_IER, 0);
    reg_write(REG_LCR, LCR_8N1); // the speed stays as the firmware has set it
    reg_write(REG_FCR, FCR_ENABLE); // no clearing: keeps what was typed ahead
    reg_write(REG_MCR, MCR_DTR_RTS_OUT2);
    klog_set_sink(uart_write_sync);
    int err = fdt_prop_u32(&node, "interrupts", &line)
                  ? irq_register(line, "uart", uart_interrupt, NULL)
                  : -ENODEV;
    if (err)
        pr_err("uart: no interrupt (error %d), no input\n", -err);
    return 0;
}
