/* From the initial stack to main().  No system call happens before main(). */
#include "libc.h"
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp);
_Noreturn void __libc_start(long *stack);

long *__initial_stack;
char **environ;

_Noreturn void __libc_start(long *stack)
{
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);

    __initial_stack = stack;
    environ = argv + argc + 1;
    exit(main(argc, argv, environ));
}

unsigned long getauxval(unsigned long type)
{
    long *p = __initial_stack + 1 + __initial_stack[0] + 1;

    while (*p)
        p++;
    for (Elf64_auxv_t *aux = (Elf64_auxv_t *)(p + 1); aux->a_type != AT_NULL; aux++) {
        if (aux->a_type == type)
            return aux->a_val;
    }
    return 0;
}
