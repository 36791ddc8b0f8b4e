/* Terminals: struct termios as the kernel passes it, flags, control characters, ioctl requests. */
#ifndef ABI_TERMIOS_H
#define ABI_TERMIOS_H

#include "abi/ioctl.h"
#include <stdint.h>

typedef uint8_t cc_t;
typedef uint32_t speed_t;
typedef uint32_t tcflag_t;

#define NCCS 19

struct termios {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
};
_Static_assert(sizeof(struct termios) == 36, "struct termios");

struct termios2 {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
    speed_t c_ispeed;
    speed_t c_ospeed;
};
_Static_assert(sizeof(struct termios2) == 44, "struct termios2");

struct winsize {
    uint16_t ws_row;
    uint16_t ws_col;
    uint16_t ws_xpixel;
    uint16_t ws_ypixel;
};
_Static_assert(sizeof(struct winsize) == 8, "struct winsize");

/* c_cc */
#define VINTR    0
#define VQUIT    1
#define VERASE   2
#define VKILL    3
#define VEOF     4
#define VTIME    5
#define VMIN     6
#define VSWTC    7
#define VSTART   8
#define VSTOP    9
#define VSUSP    10
#define VEOL     11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE  14
#define VLNEXT   15
#define VEOL2    16

/* c_iflag */
#define IGNBRK  0x0001
#define BRKINT  0x0002
#define IGNPAR  0x0004
#define PARMRK  0x0008
#define INPCK   0x0010
#define ISTRIP  0x0020
#define INLCR   0x0040
#define IGNCR   0x0080
#define ICRNL   0x0100
#define IUCLC   0x0200
#define IXON    0x0400
#define IXANY   0x0800
#define IXOFF   0x1000
#define IMAXBEL 0x2000
#define IUTF8   0x4000

/* c_oflag */
#define OPOST  0x0001
#define OLCUC  0x0002
#define ONLCR  0x0004
#define OCRNL  0x0008
#define ONOCR  0x0010
#define ONLRET 0x0020
#define OFILL  0x0040
#define OFDEL  0x0080
#define TABDLY 0x1800
#define TAB0   0x0000
#define XTABS  0x1800

/* c_cflag */
#define CBAUD   0x0000100f
#define B0      0x00000000
#define B50     0x00000001
#define B110    0x00000003
#define B300    0x00000007
#define B1200   0x00000009
#define B2400   0x0000000b
#define B4800   0x0000000c
#define B9600   0x0000000d
#define B19200  0x0000000e
#define B38400  0x0000000f
#define B57600  0x00001001
#define B115200 0x00001002
#define B230400 0x00001003
#define B460800 0x00001004
#define B921600 0x00001007
#define CSIZE   0x00000030
#define CS5     0x00000000
#define CS6     0x00000010
#define CS7     0x00000020
#define CS8     0x00000030
#define CSTOPB  0x00000040
#define CREAD   0x00000080
#define PARENB  0x00000100
#define PARODD  0x00000200
#define HUPCL   0x00000400
#define CLOCAL  0x00000800
#define CRTSCTS 0x80000000

/* c_lflag */
#define ISIG    0x00001
#define ICANON  0x00002
#define XCASE   0x00004
#define ECHO    0x00008
#define ECHOE   0x00010
#define ECHOK   0x00020
#define ECHONL  0x00040
#define NOFLSH  0x00080
#define TOSTOP  0x00100
#define ECHOCTL 0x00200
#define ECHOPRT 0x00400
#define ECHOKE  0x00800
#define FLUSHO  0x01000
#define PENDIN  0x04000
#define IEXTEN  0x08000
#define EXTPROC 0x10000

/* tcsetattr, tcflush, tcflow */
#define TCSANOW   0
#define TCSADRAIN 1
#define TCSAFLUSH 2
#define TCIFLUSH  0
#define TCOFLUSH  1
#define TCIOFLUSH 2
#define TCOOFF    0
#define TCOON     1
#define TCIOFF    2
#define TCION     3

/* ioctl requests */
#define TCGETS     0x5401
#define TCSETS     0x5402 /* now */
#define TCSETSW    0x5403 /* when output has drained */
#define TCSETSF    0x5404 /* and drop unread input */
#define TCSBRK     0x5409
#define TCXONC     0x540A
#define TCFLSH     0x540B
#define TIOCEXCL   0x540C
#define TIOCNXCL   0x540D
#define TIOCSCTTY  0x540E
#define TIOCGPGRP  0x540F
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCSTI    0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCMGET   0x5415
#define TIOCINQ    0x541B
#define TIOCCONS   0x541D
#define TIOCNOTTY  0x5422
#define TIOCSETD   0x5423
#define TIOCGETD   0x5424
#define TCSBRKP    0x5425
#define TIOCGSID   0x5429
#define TCGETS2    _IOR('T', 0x2A, struct termios2)
#define TCSETS2    _IOW('T', 0x2B, struct termios2)
#define TCSETSW2   _IOW('T', 0x2C, struct termios2)
#define TCSETSF2   _IOW('T', 0x2D, struct termios2)
#define TIOCGPTN   _IOR('T', 0x30, uint32_t)
#define TIOCSPTLCK _IOW('T', 0x31, int32_t)

#endif
