/*
 * puppet: a process that does what the grader tells it, one load, store or system call at a time
 * (xvgrade/puppet.py). Orders and answers go through registers, so that an order touches no memory but
 * the memory that it is about: no stack, no data.
 *
 *   at lab_mark   t0: 0 system call a7(a0..a5)   1 a0 = load of a1   2 store of a2 to a1
 *                 3 store a2, a2 + 1 ... a3 times from a1 on, one word each 4096 bytes
 *                 4 a0 = sum of a3 words from a1 on, one each 4096 bytes
 *   then          a0: result   a1: 0, or the signal that came instead
 *
 * A signal handler does not return: it goes back to the mark. The grader puts the stack pointer right.
 */
#include <lab.h>
#include <signal.h>
#include <string.h>

void puppet_signal(int signal);
_Noreturn void puppet_loop(void);

__asm__(".text\n"
        ".globl lab_mark, puppet_loop, puppet_signal\n"
        ".type lab_mark, @function\n"
        ".type puppet_loop, @function\n"
        ".type puppet_signal, @function\n"
        "puppet_signal:\n"
        "    mv a1, a0\n"
        "    li a0, 0\n"
        "    j lab_mark\n"
        "puppet_loop:\n"
        "    li a0, 0\n"
        "0:  li a1, 0\n"
        "lab_mark:\n"
        "    nop\n"
        "    beqz t0, 1f\n"
        "    addi t0, t0, -1\n"
        "    beqz t0, 2f\n"
        "    addi t0, t0, -1\n"
        "    beqz t0, 3f\n"
        "    addi t0, t0, -1\n"
        "    li t1, 4096\n"
        "    beqz t0, 4f\n"
        "    li a0, 0\n"
        "5:  beqz a3, 0b\n" /* sum */
        "    ld t2, 0(a1)\n"
        "    add a0, a0, t2\n"
        "    add a1, a1, t1\n"
        "    addi a3, a3, -1\n"
        "    j 5b\n"
        "4:  li a0, 0\n" /* fill */
        "6:  beqz a3, 0b\n"
        "    sd a2, 0(a1)\n"
        "    add a1, a1, t1\n"
        "    addi a2, a2, 1\n"
        "    addi a3, a3, -1\n"
        "    j 6b\n"
        "1:  ecall\n"
        "    j 0b\n"
        "2:  ld a0, 0(a1)\n"
        "    j 0b\n"
        "3:  sd a2, 0(a1)\n"
        "    li a0, 0\n"
        "    j 0b\n"
        ".balign 8\n"
        ".globl puppet_nap\n"
        "puppet_nap: .quad 0, 200000\n"); /* a struct timespec that costs no page of its own */

int main(void)
{
    struct sigaction act;

    memset(&act, 0, sizeof(act));
    act.sa_handler = puppet_signal;
    act.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
    puppet_loop();
}
