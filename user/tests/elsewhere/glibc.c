// A program for any Linux riscv64: built with the distribution's compiler and glibc, it must run
// unmodified. Usage: glibc-test all [poweroff]. Prints "glibc: all right" or what went wrong.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("glibc: line %d: %s (errno %d)\n", __LINE__, #cond, errno);                     \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static void test_printf(void) {
    char buf[100];
    snprintf(buf, sizeof(buf), "%5d|%-5s|%05.2f|%lx", 42, "ab", 3.14159, 0xdeadbeefUL);
    CHECK(strcmp(buf, "   42|ab   |03.14|deadbeef") == 0);
}

// Small blocks come from brk, large ones from mmap; all keep their bytes.
static void test_malloc(void) {
    enum { N = 300 };
    static unsigned char *block[N];
    static size_t size[N];
    srand(1);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < N; i++) {
            free(block[i]);
            size[i] = (size_t)(i % 50 == 0 ? 200000 : rand() % 3000) + 1;
            block[i] = malloc(size[i]);
            CHECK(block[i] != NULL);
            memset(block[i], i, size[i]);
        }
        for (int i = 0; i < N; i++)
            CHECK(block[i][0] == (unsigned char)i && block[i][size[i] - 1] == (unsigned char)i);
    }
    for (int i = 0; i < N; i++)
        free(block[i]);
}

static void test_file(void) {
    FILE *f = fopen("/glibc.tmp", "w+");
    CHECK(f != NULL);
    if (!f)
        return;
    for (int i = 0; i < 10000; i++)
        fprintf(f, "line %d\n", i);
    CHECK(fflush(f) == 0);
    rewind(f);
    char line[64];
    int n = 0;
    while (fgets(line, sizeof(line), f))
        n++;
    CHECK(n == 10000 && strcmp(line, "line 9999\n") == 0);
    CHECK(fseek(f, -5, SEEK_END) == 0 && fgets(line, sizeof(line), f) &&
          strcmp(line, "9999\n") == 0);
    fclose(f);
}

static void test_mmap_file(void) {
    int fd = open("/glibc.tmp", O_RDWR);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 98890 && S_ISREG(st.st_mode));
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    if (p == MAP_FAILED)
        return;
    CHECK(memcmp(p, "line 0\n", 7) == 0);
    memcpy(p, "LINE", 4);
    char buf[7];
    CHECK(pread(fd, buf, 7, 0) == 7 && memcmp(buf, "LINE 0\n", 7) == 0);
    CHECK(munmap(p, (size_t)st.st_size) == 0);
    close(fd);
    CHECK(unlink("/glibc.tmp") == 0 && access("/glibc.tmp", F_OK) < 0 && errno == ENOENT);
}

static int compare(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

static void test_qsort(void) {
    static int v[5000];
    for (int i = 0; i < 5000; i++)
        v[i] = rand() % 100000;
    qsort(v, 5000, sizeof(int), compare);
    for (int i = 1; i < 5000; i++)
        CHECK(v[i - 1] <= v[i]);
}

static void test_fork_pipe(void) {
    int fd[2];
    CHECK(pipe(fd) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(fd[1], 1);
        close(fd[0]);
        printf("from %s %.3f", "child", sqrt(2.0));
        exit(7);
    }
    close(fd[1]);
    char buf[64] = "";
    ssize_t n = 0, got;
    while ((got = read(fd[0], buf + n, sizeof(buf) - 1 - (size_t)n)) > 0)
        n += got;
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(strcmp(buf, "from child 1.414") == 0);
    close(fd[0]);
}

static void test_time_and_environment(void) {
    struct timespec a, b, pause = {0, 20000000};
    CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && nanosleep(&pause, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    CHECK((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec >= 20000000);
    CHECK(time(NULL) > 1500000000);
    setenv("XV39", "yes", 1);
    CHECK(getenv("XV39") && strcmp(getenv("XV39"), "yes") == 0);
}

int main(int argc, char **argv) {
    test_printf();
    test_malloc();
    test_file();
    test_mmap_file();
    test_qsort();
    test_fork_pipe();
    test_time_and_environment();
    if (failures == 0)
        printf("glibc: all right\n");
    fflush(stdout);
    if (argc > 2 && strcmp(argv[2], "poweroff") == 0) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return failures != 0;
}
