// The terminal: line discipline between a UART and readers (termios(3): canonical and raw modes,
// echo, line editing ^H ^U ^W ^D, ^C ^\ ^Z to the foreground process group, output processing).
// Works on kernel buffers; devfs copies to and from user memory.
#pragma once

#include "abi/termios.h"
#include "lib/compiler.h"

struct tty;
struct waitq;

struct tty *tty_console(void);
void tty_init(void);
// Bytes read (>= 0; 0 = end of file), -EAGAIN if nonblock and nothing is there, -EINTR.
// Raw mode waits for VMIN bytes and VTIME tenths of a second as termios(3) says.
ssize_t tty_read(struct tty *t, char *buf, size_t n, bool nonblock);
ssize_t tty_write(struct tty *t, const char *buf, size_t n, bool nonblock);
uint32_t tty_poll(struct tty *t); // POLLIN | POLLOUT as ready
struct waitq *tty_waitq(struct tty *t); // woken when tty_poll() may have changed
void tty_get_termios(struct tty *t, struct termios *out);
// flush: drop unread input (TCSETSF); drain: wait for output first (TCSETSW). 0, or -EINTR while
// draining (nothing is changed then).
int tty_set_termios(struct tty *t, const struct termios *in, bool drain, bool flush);
void tty_get_winsize(struct tty *t, struct winsize *out);
void tty_set_winsize(struct tty *t, const struct winsize *in);
size_t tty_input_available(struct tty *t); // FIONREAD
int tty_drain(struct tty *t); // until all output has left; 0 or -EINTR
void tty_flush(struct tty *t, bool input, bool output);
// Session and foreground process group, kept here, used by the signal upcall and job control.
int tty_session(struct tty *t);
void tty_set_session(struct tty *t, int sid);
int tty_pgrp(struct tty *t);
void tty_set_pgrp(struct tty *t, int pgid);
// Upcall (docs/floors.md): sends a signal to a process group (interrupt context).
void tty_set_signal(void (*signal_group)(int pgid, int sig));
