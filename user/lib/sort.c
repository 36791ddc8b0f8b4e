/*
 * qsort and bsearch.
 *
 * Heap sort: no extra memory, no bad input.  The heap keeps the largest element at the root; the
 * sift down first walks to a leaf along the larger children and then climbs, which halves the
 * comparisons.
 */
#include <stdint.h>
#include <stdlib.h>

typedef int (*compare_fn)(const void *, const void *);

static void swap(char *a, char *b, size_t size)
{
    if ((((uintptr_t)a | (uintptr_t)b | size) & 7) == 0) {
        for (; size; size -= 8, a += 8, b += 8) {
            uint64_t t = *(uint64_t *)a;
            *(uint64_t *)a = *(uint64_t *)b;
            *(uint64_t *)b = t;
        }
        return;
    }
    for (; size; size--, a++, b++) {
        char t = *a;
        *a = *b;
        *b = t;
    }
}

/* Restores the heap of `count` elements whose root may be too small. */
static void sift_down(char *base, size_t root, size_t count, size_t size, compare_fn compare)
{
    size_t i = root;

    while (2 * i + 2 < count) {
        size_t child = 2 * i + 1;
        i = compare(base + child * size, base + (child + 1) * size) < 0 ? child + 1 : child;
    }
    if (2 * i + 2 == count)
        i = 2 * i + 1;
    while (i > root && compare(base + root * size, base + i * size) > 0)
        i = (i - 1) / 2;
    /* the root goes to i, everything on the path moves one up */
    for (; i > root; i = (i - 1) / 2)
        swap(base + root * size, base + i * size, size);
}

void qsort(void *base, size_t count, size_t size, compare_fn compare)
{
    if (count < 2 || !size)
        return;
    for (size_t i = count / 2; i--;)
        sift_down(base, i, count, size, compare);
    for (size_t last = count - 1; last; last--) {
        swap(base, (char *)base + last * size, size);
        sift_down(base, 0, last, size, compare);
    }
}

void *bsearch(const void *key, const void *base, size_t count, size_t size, compare_fn compare)
{
    while (count) {
        const char *middle = (const char *)base + count / 2 * size;
        int order = compare(key, middle);
        if (order == 0)
            return (void *)middle;
        if (order > 0) {
            base = middle + size;
            count--;
        }
        count /= 2;
    }
    return NULL;
}
