/*
 * Allocations that fail: a script runs with every n-th allocation refused, n being 2, 3, 5, 9 and
 * so on: with a small n few programs get far, what lies deep is reached with a large one. What it
 * does is its own affair; the kernel must neither panic nor lose anything (main.c compares).
 */
#include "stress.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KNOB "/proc/sys/vm/failalloc"
/* A script that gets nowhere, such as a fault whose every second request is refused, is killed
 * after a while; it must be gone soon after that. */
#define LIMIT_MS 10000
#define GONE_MS 60000

static const char *const scripts[] = {
    "for i in 1 2 3; do echo a | cat | wc >/dev/null; done; x=$(echo hi; cat /etc/passwd)",
    "mkdir -p d/e; cp /bin/true d/e; ls -R . >d/f; mv d/f d/g; ln -s g d/l; cat d/l; d/e/true",
    "i=0; while [ $i -lt 20 ]; do echo $i >>log; i=$((i+1)); done; sync; sort log; rm log",
    "sleep 1 & kill %1; cat /proc/self/maps /proc/meminfo /proc/slabinfo; ps; mount; free",
    "usertests fork.returns fork.clone fork.orphan exec.tiny",
    "usertests cow.values cow.kernel_writes_",
    "usertests mmap.file_p mmap.fixed mmap.munmap",
    "usertests lend.edits mremap.move-p mm.huge_mu mm.huge_both",
};
#define SCRIPTS (int)(sizeof(scripts) / sizeof(scripts[0]))

static int knob;

/* Storing the number may be refused memory too. */
static void refuse_every(int n)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d", n);

    for (int tries = 0; write(knob, text, len) < 0; tries++) {
        if (tries > 1000)
            broken(KNOB ": %s", strerror(errno));
    }
}

static void run_script(const char *script, int n, const char *dir)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    int null = open("/dev/null", O_RDWR);

    setsid();
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (chdir(dir) == 0) {
        refuse_every(n);
        execv("/bin/sh", argv);
    }
    _exit(0);
}

/* What wait() says of it. */
static int one_script(const char *script, int n, const char *dir)
{
    uint64_t start = now_ms();
    int killed = 0, status = -1;
    pid_t pid = fork();

    if (pid == 0)
        run_script(script, n, dir);
    while (pid > 0 && waitpid(pid, &status, WNOHANG) != pid) {
        if (now_ms() - start > LIMIT_MS && !killed++)
            kill(-pid, SIGKILL);
        if (now_ms() - start > LIMIT_MS + GONE_MS)
            broken("'%s' does not end with failalloc=%d", script, n);
        usleep(2000);
    }
    kill(-pid, SIGKILL); /* what it left behind */
    refuse_every(0);
    return status;
}

/* What scripts could not remove, as memory was refused, goes now. */
static void clean(const char *path, const char *then)
{
    char command[192];

    snprintf(command, sizeof(command), "rm -rf %s /usertests.* /tmp/usertests.*; %s %s", path, then,
             path);
    if (system(command) != 0)
        broken("'%s' fails", command);
}

int run_fail(void)
{
    const char *dir = options.dirs[options.dir_count - 1];
    int max = options.processes > 0 ? options.processes : 100;
    uint64_t end = now_ms() + options.seconds * 1000UL;
    char path[96];
    int n = 2;

    knob = open(KNOB, O_RDWR);
    if (knob < 0)
        broken(KNOB ": %s", strerror(errno));
    snprintf(path, sizeof(path), "%s/stress.fail", dir);
    for (int i = 0; i < SCRIPTS; i++) { /* one that does nothing shows nothing */
        clean(path, "mkdir");
        if (one_script(scripts[i], 0, path) != 0)
            broken("'%s' fails when nothing is refused", scripts[i]);
    }
    for (; n <= max && now_ms() < end; n += n - 1) {
        printf("stress fail: every %d\n", n);
        fflush(stdout);
        for (int i = 0; i < SCRIPTS; i++) {
            clean(path, "mkdir");
            one_script(scripts[i], n, path);
        }
    }
    clean(path, "true");
    close(knob);
    return 0;
}
