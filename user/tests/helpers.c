/* What the tests of exec run: see struct helper in testlib.h. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int do_exit(int argc, char **argv) { return atoi(argv[1]); }

/* [each argument]{each variable} */
static int do_echo(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (char **e = environ; *e; e++)
        printf("{%s}", *e);
    return argv[argc] != NULL;
}

/* How many arguments, and their lengths' sum. */
static int do_sum(int argc, char **argv)
{
    long sum = 0;

    for (int i = 0; i < argc; i++)
        sum += strlen(argv[i]);
    printf("%d %ld", argc, sum);
    return 0;
}

/* Which descriptors from 40 on are open. */
static int do_fds(int argc, char **argv)
{
    const char *blank = "";

    for (int fd = 40; fd < 100; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("%s%d", blank, fd);
            blank = " ";
        }
    }
    return 0;
}

static int do_signals(int argc, char **argv)
{
    struct sigaction one, two;
    sigset_t mask = 0;

    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGUSR2, NULL, &two);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("usr1 %s, usr2 %s, %lx", one.sa_handler == SIG_IGN ? "ignored" : "not ignored",
           two.sa_handler == SIG_DFL ? "default" : "not default", mask);
    return 0;
}

static int do_ids(int argc, char **argv)
{
    return atoi(argv[1]) != getpid() || atoi(argv[2]) != getppid();
}

static int do_memory(int argc, char **argv)
{
    if (readable((void *)0x2000000000))
        printf("old memory");
    else if (!all_bytes((char *)sbrk(65536), 0, 65536))
        printf("old heap");
    else
        printf("fresh");
    return 0;
}

const struct helper exec_helpers[] = {
    {"exit", do_exit},       {"echo", do_echo}, {"sum", do_sum},       {"fds", do_fds},
    {"signals", do_signals}, {"ids", do_ids},   {"memory", do_memory}, {NULL, NULL},
};
