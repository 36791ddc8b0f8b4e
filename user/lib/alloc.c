/* Allocation functions that are made of malloc.c's. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

void *reallocarray(void *ptr, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(ptr, total);
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

/* The result is the error number, and errno stays. */
int posix_memalign(void **out, size_t align, size_t size)
{
    int saved = errno;

    if (align < sizeof(void *) || (align & (align - 1)))
        return EINVAL;
    void *p = memalign(align, size);
    errno = saved;
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}
