/* Records that getdents64 writes. */
#ifndef ABI_DIRENT_H
#define ABI_DIRENT_H

#include <stddef.h>
#include <stdint.h>

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;     /* where the next record starts, for lseek */
    uint16_t d_reclen; /* size of this record, a multiple of 8 */
    uint8_t d_type;    /* DT_* */
    char d_name[];     /* ends with a zero byte */
};
_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "struct linux_dirent64");

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12
#define DT_WHT     14

#define IFTODT(mode) (((mode) & 0170000) >> 12)
#define DTTOIF(type) ((type) << 12)

#endif
