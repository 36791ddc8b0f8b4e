/* assert(): compiled out by NDEBUG, as the standard says. */
#ifndef XV_ASSERT_H
#define XV_ASSERT_H

_Noreturn void __assert_fail(const char *expr, const char *file, int line, const char *func);

#ifdef NDEBUG
#define assert(expr) ((void)0)
#else
#define assert(expr) ((expr) ? (void)0 : __assert_fail(#expr, __FILE__, __LINE__, __func__))
#endif
#define static_assert _Static_assert

#endif
