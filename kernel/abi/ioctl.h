/* How ioctl request numbers are composed, and the requests of block devices and descriptors. */
#ifndef ABI_IOCTL_H
#define ABI_IOCTL_H

#include <stddef.h>
#include <stdint.h>

/* bits 31-30 direction, 29-16 size of the argument, 15-8 type, 7-0 number */
#define _IOC(dir, type, nr, size)                                                                  \
    (((uint32_t)(dir) << 30) | ((uint32_t)(size) << 16) | ((uint32_t)(type) << 8) | (uint32_t)(nr))
#define _IO(type, nr)           _IOC(0, type, nr, 0)
#define _IOW(type, nr, argtype) _IOC(1, type, nr, sizeof(argtype))
#define _IOR(type, nr, argtype) _IOC(2, type, nr, sizeof(argtype))

#define FIONREAD 0x541B
#define FIONBIO  0x5421
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451
#define FIOASYNC 0x5452

#define BLKROGET     _IO(0x12, 94)
#define BLKGETSIZE   _IO(0x12, 96) /* in units of 512 bytes */
#define BLKFLSBUF    _IO(0x12, 97)
#define BLKSSZGET    _IO(0x12, 104)
#define BLKBSZGET    _IOR(0x12, 112, size_t)
#define BLKGETSIZE64 _IOR(0x12, 114, size_t)

#endif
