// argv and envp on their way from the old program to the new one: copied into kernel memory first,
// since the old address space is gone when the new stack is written.
//
// All strings stand in one buffer, each with its zero, which doubles as it grows; above a page it
// is vmalloc's, since a long list must not need frames that lie together. The limit for both
// vectors together is a quarter of RLIMIT_STACK, as on Linux, and at most EXEC_BYTES_MAX.
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "vm/uaccess.h"

#define FIRST_SIZE 512

static void free_data(struct exec_strings *s) {
    if (s->cap > PAGE_SIZE)
        vfree(s->data);
    else
        kfree(s->data);
}

static int grow(struct exec_strings *s, size_t need) {
    size_t cap = s->cap ? s->cap : FIRST_SIZE;
    if (need > EXEC_BYTES_MAX)
        return -E2BIG;
    while (cap < need)
        cap *= 2;
    if (cap == s->cap)
        return 0;
    char *data = cap > PAGE_SIZE ? vmalloc(cap) : kmalloc(cap, GFP_KERNEL);
    if (!data)
        return -ENOMEM;
    if (s->data)
        memcpy(data, s->data, s->len);
    free_data(s);
    s->data = data;
    s->cap = cap;
    return 0;
}

int exec_strings_add(struct exec_strings *s, const char *text) {
    size_t n = strlen(text) + 1;
    int err = grow(s, s->len + n);
    if (err)
        return err;
    memcpy(s->data + s->len, text, n);
    s->len += n;
    s->count++;
    return 0;
}

// One string from user memory, into whatever room there is; more room while it does not fit.
static int add_user_string(struct exec_strings *s, uaddr_t from) {
    int err = grow(s, s->len + 1);
    while (!err) {
        ssize_t n = strncpy_from_user(s->data + s->len, from, s->cap - s->len);
        if (n >= MAX_ARG_STRLEN)
            return -E2BIG;
        if (n >= 0) {
            s->len += (size_t)n + 1;
            s->count++;
            return 0;
        }
        if (n == -ENAMETOOLONG && s->cap - s->len > MAX_ARG_STRLEN)
            return -E2BIG;
        err = n == -ENAMETOOLONG ? grow(s, s->cap + 1) : (int)n;
    }
    return err;
}

int exec_strings_add_user(struct exec_strings *s, uaddr_t vector) {
    uint64_t chunk[16]; // pointers are read a few at a time, but never past the page of the last
    if (!vector)
        return 0;
    for (;;) {
        size_t room = (PAGE_SIZE - vector % PAGE_SIZE) / sizeof chunk[0];
        size_t n = room == 0 ? 1 : min(room, ARRAY_SIZE(chunk));
        if (copy_from_user(chunk, vector, n * sizeof chunk[0]) != 0)
            return -EFAULT;
        for (size_t i = 0; i < n; i++) {
            int err = chunk[i] ? add_user_string(s, chunk[i]) : 0;
            if (err || !chunk[i])
                return err;
        }
        vector += n * sizeof chunk[0];
    }
}

void exec_strings_free(struct exec_strings *s) {
    free_data(s);
    *s = (struct exec_strings){0};
}
