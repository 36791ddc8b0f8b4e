/* Pseudo-random numbers (xorshift64*): repeatable from the seed, not secret. */
#include <stdint.h>
#include <stdlib.h>

static uint64_t state = 1;

static uint64_t step(uint64_t *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 0x2545F4914F6CDD1DUL;
}

static uint64_t seed_of(unsigned seed)
{
    return (seed + 1UL) * 0x9E3779B97F4A7C15UL; /* never 0 */
}

void srand(unsigned seed)
{
    state = seed_of(seed);
}

int rand(void)
{
    return (int)(step(&state) >> 33);
}

int rand_r(unsigned *seed)
{
    uint64_t s = seed_of(*seed);
    uint64_t r = step(&s);

    *seed = (unsigned)(r >> 8);
    return (int)(r >> 33);
}

void srandom(unsigned seed)
{
    srand(seed);
}

long random(void)
{
    return rand();
}
