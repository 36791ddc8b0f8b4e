"""The guest's keyboard for `make debug`: while the guest runs, keys go to it; Ctrl-C stays GDB's.

GDB does not read the terminal while it waits for the guest, so a thread can: from the event `cont` until the
prompt comes back. The terminal passes single keys then, without echo, as the guest's own terminal echoes.
"""
import os
import select
import signal
import termios
import threading

import gdb

TTY = 0
IFLAG, LFLAG, CC = 0, 3, 6  # of tcgetattr()'s list


class Console:
    def __init__(self, fifo):
        self.keys = os.open(fifo, os.O_WRONLY)
        self.thread = None
        self.wake = os.pipe()
        gdb.events.cont.connect(self.start)
        gdb.events.stop.connect(self.stop)
        gdb.events.before_prompt.connect(self.stop)

    def start(self, event=None):
        if self.thread or not os.isatty(TTY):
            return
        self.saved = termios.tcgetattr(TTY)
        mode = termios.tcgetattr(TTY)
        mode[IFLAG] &= ~(termios.ICRNL | termios.IXON)
        mode[LFLAG] &= ~(termios.ICANON | termios.ECHO)
        for key in (termios.VSUSP, termios.VQUIT):
            mode[CC][key] = b"\0"
        termios.tcsetattr(TTY, termios.TCSANOW, mode)
        self.thread = threading.Thread(target=self.relay, daemon=True)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are GDB's
        self.thread.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def relay(self):
        while True:
            ready, _, _ = select.select([TTY, self.wake[0]], [], [])
            if self.wake[0] in ready:
                os.read(self.wake[0], 1)
                return
            data = os.read(TTY, 256)
            if not data:
                return
            os.write(self.keys, data)

    def stop(self, event=None):
        if not self.thread:
            return
        os.write(self.wake[1], b"x")
        self.thread.join()
        self.thread = None
        termios.tcsetattr(TTY, termios.TCSANOW, self.saved)
