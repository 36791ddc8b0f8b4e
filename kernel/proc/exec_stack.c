// The stack that a new program finds (System V ABI, "process initialization"; Linux's order):
//
//   high   0 (8 bytes)
//          file name                                  AT_EXECFN
//          environment strings                        env_start .. env_end
//          argument strings                           arg_start .. arg_end
//          16 random bytes                            AT_RANDOM
//          (alignment to 16)
//          auxiliary vector, ended by AT_NULL
//          envp[0] ... NULL
//          argv[0] ... NULL
//   sp ->  argc
//
// It is composed in kernel memory as it will lie, and written by one access.
#include "abi/errno.h"
#include "abi/time.h"
#include "dev/random.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/process.h"
#include "vm/mmap.h"

#define STACK_TOP (USER_END - PAGE_SIZE)
#define STACK_ROOM (128UL << 10) // mapped below what is written, before it has to grow
#define AUXV_PAIRS 20
// I M A F D C: what every machine we boot on has (bit n stands for the letter 'A' + n)
#define HWCAP (1 << ('I' - 'A') | 1 << ('M' - 'A') | 1 << ('A' - 'A') | 1 << ('F' - 'A') | \
               1 << ('D' - 'A') | 1 << ('C' - 'A'))

struct layout {
    uaddr_t name, envs, args, random, sp;
    size_t size; // STACK_TOP - sp
};

static struct layout lay_out(size_t name_len, const struct exec_strings *argv,
                             const struct exec_strings *envp) {
    struct layout l;
    size_t words = 1 + (size_t)argv->count + 1 + (size_t)envp->count + 1 + 2 * AUXV_PAIRS;
    l.name = STACK_TOP - 8 - name_len;
    l.envs = l.name - envp->len;
    l.args = l.envs - argv->len;
    l.random = (l.args - 16) & ~15UL;
    l.sp = (l.random - words * 8) & ~15UL;
    l.size = STACK_TOP - l.sp;
    return l;
}

// argv or envp: addresses of the strings that will lie at `at`, then NULL. Returns what follows.
static uint64_t *put_vector(uint64_t *out, const struct exec_strings *s, uaddr_t at) {
    const char *p = s->data;
    for (int i = 0; i < s->count; i++) {
        *out++ = at + (uint64_t)(p - s->data);
        p += strlen(p) + 1;
    }
    *out++ = 0;
    return out;
}

static void put_auxv(const struct exec_image *image, const struct layout *l, uint64_t *out) {
    const struct fsctx *c = current_fs();
    const uint64_t auxv[][2] = {
        {AT_HWCAP, HWCAP},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, USER_HZ},
        {AT_PHDR, image->phdr},
        {AT_PHENT, image->phent},
        {AT_PHNUM, image->phnum},
        {AT_BASE, image->base},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->program_entry},
        {AT_UID, c->uid},
        {AT_EUID, c->euid},
        {AT_GID, c->gid},
        {AT_EGID, c->egid},
        {AT_SECURE, image->secure},
        {AT_RANDOM, l->random},
        {AT_EXECFN, l->name},
        {AT_NULL, 0},
    };
    _Static_assert(ARRAY_SIZE(auxv) <= AUXV_PAIRS, "room in the layout");
    memcpy(out, auxv, sizeof auxv);
    memcpy(image->mm->auxv, auxv, sizeof auxv);
}

static void compose(const struct exec_image *image, const struct layout *l, const char *name,
                    const struct exec_strings *argv, const struct exec_strings *envp, char *out) {
    uint64_t *words = (uint64_t *)out;
    *words++ = (uint64_t)argv->count;
    words = put_vector(words, argv, l->args);
    words = put_vector(words, envp, l->envs);
    put_auxv(image, l, words);
    random_bytes(out + (l->random - l->sp), 16);
    if (argv->len)
        memcpy(out + (l->args - l->sp), argv->data, argv->len);
    if (envp->len)
        memcpy(out + (l->envs - l->sp), envp->data, envp->len);
    strlcpy(out + (l->name - l->sp), name, l->size);
}

int exec_write_stack(struct exec_image *image, const char *name, const struct exec_strings *argv,
                     const struct exec_strings *envp) {
    struct mm *mm = image->mm;
    uint64_t limit = current_limit(RLIMIT_STACK);
    struct layout l = lay_out(strlen(name) + 1, argv, envp);
    if (l.size > max(limit / 4, STACK_ROOM))
        return -E2BIG;
    int err = vm_map_stack(mm, STACK_TOP, ALIGN_UP(l.size + STACK_ROOM, PAGE_SIZE));
    if (err)
        return err;
    char *block = kzalloc(l.size, GFP_KERNEL);
    if (!block)
        return -ENOMEM;
    compose(image, &l, name, argv, envp, block);
    err = mm_access(mm, l.sp, block, l.size, true) == l.size ? 0 : -ENOMEM;
    kfree(block);
    mm->start_stack = image->sp = l.sp;
    mm->arg_start = l.args;
    mm->arg_end = mm->env_start = l.envs;
    mm->env_end = l.name;
    return err;
}
