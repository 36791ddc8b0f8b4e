/* riscv_hwprobe: the caller fills in keys, the kernel values; an unknown key becomes -1. */
#ifndef ABI_HWPROBE_H
#define ABI_HWPROBE_H

#include <stdint.h>

struct riscv_hwprobe {
    int64_t key;
    uint64_t value;
};
_Static_assert(sizeof(struct riscv_hwprobe) == 16, "struct riscv_hwprobe");

#define RISCV_HWPROBE_KEY_MVENDORID 0
#define RISCV_HWPROBE_KEY_MARCHID   1
#define RISCV_HWPROBE_KEY_MIMPID    2

#define RISCV_HWPROBE_KEY_BASE_BEHAVIOR 3
#define RISCV_HWPROBE_BASE_BEHAVIOR_IMA (1ULL << 0)

#define RISCV_HWPROBE_KEY_IMA_EXT_0 4
#define RISCV_HWPROBE_IMA_FD        (1ULL << 0)
#define RISCV_HWPROBE_IMA_C         (1ULL << 1)
#define RISCV_HWPROBE_IMA_V         (1ULL << 2)
#define RISCV_HWPROBE_EXT_ZBA       (1ULL << 3)
#define RISCV_HWPROBE_EXT_ZBB       (1ULL << 4)
#define RISCV_HWPROBE_EXT_ZBS       (1ULL << 5)
#define RISCV_HWPROBE_EXT_ZICBOZ    (1ULL << 6)

#define RISCV_HWPROBE_KEY_CPUPERF_0          5
#define RISCV_HWPROBE_MISALIGNED_UNKNOWN     0
#define RISCV_HWPROBE_MISALIGNED_EMULATED    1
#define RISCV_HWPROBE_MISALIGNED_SLOW        2
#define RISCV_HWPROBE_MISALIGNED_FAST        3
#define RISCV_HWPROBE_MISALIGNED_UNSUPPORTED 4
#define RISCV_HWPROBE_MISALIGNED_MASK        7

#define RISCV_HWPROBE_KEY_ZICBOZ_BLOCK_SIZE           6
#define RISCV_HWPROBE_KEY_HIGHEST_VIRT_ADDRESS        7
#define RISCV_HWPROBE_KEY_TIME_CSR_FREQ               8
#define RISCV_HWPROBE_KEY_MISALIGNED_SCALAR_PERF      9
#define RISCV_HWPROBE_KEY_MISALIGNED_VECTOR_PERF      10

#define RISCV_HWPROBE_WHICH_CPUS 1 /* flag: return the set of harts that match the pairs */

#endif
