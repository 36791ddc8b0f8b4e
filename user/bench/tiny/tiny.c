// tiny fork | exec | (nothing): the smallest useful program. It forks itself 200 times, or forks
// and executes itself, and prints instructions for each round. What it costs is what a process
// costs.
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// Without printf: its pages would be forked, too.
static void report(const char *name, size_t len, uint64_t n) {
    char digits[24];
    size_t at = sizeof(digits);
    digits[--at] = '\n';
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    digits[--at] = '\t';
    if (write(1, name, len) < 0 || write(1, digits + at, sizeof(digits) - at) < 0)
        _exit(1);
}

enum { ROUNDS = 200, WARM = 5 };

int main(int argc, char **argv, char **envp) {
    if (argc < 2)
        return 0;
    int exec = argv[1][0] == 'e';
    char *child[] = {"tiny", 0};
    uint64_t start = 0;
    for (int i = 0; i < ROUNDS + WARM; i++) {
        if (i == WARM)
            start = now_ns();
        pid_t pid = fork();
        if (pid == 0) {
            if (exec)
                execve("/bin/tiny", child, envp);
            _exit(exec);
        }
        waitpid(pid, 0, 0);
    }
    uint64_t took = now_ns() - start;
    report(exec ? "exec_tiny" : "fork_tiny", 9, took / ROUNDS);
    return 0;
}
