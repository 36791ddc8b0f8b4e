/* Vectors of buffers for readv, writev and their like. */
#ifndef ABI_UIO_H
#define ABI_UIO_H

#include <stddef.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};
_Static_assert(sizeof(struct iovec) == 2 * sizeof(void *), "struct iovec");

#define UIO_MAXIOV 1024

/* preadv2, pwritev2 */
#define RWF_HIPRI  0x01
#define RWF_DSYNC  0x02
#define RWF_SYNC   0x04
#define RWF_NOWAIT 0x08
#define RWF_APPEND 0x10

#endif
