/* execve: programs, scripts, arguments, and what survives it. */
#include "testutil.h"
#include "tinyelf.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

void tiny_elf(struct tiny_elf *e, int status)
{
    *e = (struct tiny_elf){
        .hdr = {.e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = EV_CURRENT,
                .e_entry = TINY_BASE + offsetof(struct tiny_elf, code),
                .e_phoff = offsetof(struct tiny_elf, phdr), .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2},
        .phdr = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = TINY_BASE,
                  .p_paddr = TINY_BASE, .p_filesz = sizeof(*e), .p_memsz = sizeof(*e),
                  .p_align = PAGE}},
        /* li a0, status; li a7, 93; ecall; unimp */
        .code = {0x00000513 | (uint32_t)status << 20, 0x05d00893, 0x00000073, 0},
    };
    memcpy(e->hdr.e_ident, ELFMAG "\2\1\1", 7);
}

void tiny_write(const char *path, const void *image, size_t len)
{
    unlink(path);
    make_file(path, image, len);
    check_ok(chmod(path, 0755));
}

int run_program(const char *path, char *const argv[], char *const envp[])
{
    static char *const nothing[] = {NULL};
    int status, fds[2], err = 0;

    check_ok(pipe2(fds, O_CLOEXEC));
    pid_t pid = xfork();
    if (pid == 0) {
        execve(path, argv ? argv : (char *const[]){(char *)path, NULL}, envp ? envp : nothing);
        err = errno;
        write(fds[1], &err, sizeof(err));
        _exit(0);
    }
    close(fds[1]);
    read(fds[0], &err, sizeof(err));
    close(fds[0]);
    check_int(waitpid(pid, &status, 0), pid);
    return err ? 1000 + err : status;
}

/* Runs a helper of helpers.c and returns its output. */
static char *helper_output(char *const argv[], char *const envp[], char *buf, size_t size)
{
    int fds[2], status;
    size_t done = 0;
    ssize_t n;

    check_ok(pipe(fds));
    pid_t pid = xfork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execve(SELF, argv, envp);
        _exit(111);
    }
    close(fds[1]);
    while (done < size - 1 && (n = read(fds[0], buf + done, size - 1 - done)) > 0)
        done += n;
    buf[done] = 0;
    close(fds[0]);
    check_int(waitpid(pid, &status, 0), pid);
    check_int(status, 0);
    return buf;
}

static void test_tiny(void)
{
    struct tiny_elf e;

    for (int i = 0; i < 20; i++) {
        tiny_elf(&e, i);
        tiny_write("tiny", &e, sizeof(e));
        check_int(run_program("./tiny", NULL, NULL), i << 8);
    }
}

static void test_arguments(void)
{
    char *argv[] = {(char *)"usertests", (char *)"--as", (char *)"echo", (char *)"", (char *)"a b",
                    (char *)"c\n", NULL};
    char *envp[] = {(char *)"X=1 2", NULL};
    char out[256];

    check_str(helper_output(argv, envp, out, sizeof(out)), "[echo][][a b][c\n]{X=1 2}");
    envp[0] = argv[3] = NULL;
    check_str(helper_output(argv, envp, out, sizeof(out)), "[echo]");
}

/* Many arguments, and long ones; too much is E2BIG. */
static void test_limits(void)
{
    enum { MANY = 4000 };
    static char *argv[MANY + 4], *envp[] = {NULL};
    char *big = malloc(160 * KIB), out[64];

    argv[0] = (char *)"usertests";
    argv[1] = (char *)"--as";
    argv[2] = (char *)"sum";
    for (int i = 0; i < MANY; i++)
        argv[3 + i] = (char *)"0123456789";
    check_str(helper_output(argv, envp, out, sizeof(out)), "4001 40003");
    memset(big, 'x', 160 * KIB);
    big[100 * KIB] = 0;
    argv[3] = big;
    argv[4] = NULL;
    check_str(helper_output(argv, envp, out, sizeof(out)), "2 102403");
    big[100 * KIB] = 'x';
    big[160 * KIB - 1] = 0;
    check_int(run_program(SELF, argv, envp), 1000 + E2BIG); /* one string above 128 KiB */
    big[120 * KIB] = 0;
    for (int i = 0; i < 200; i++)
        argv[3 + i] = big;
    argv[203] = NULL;
    check_int(run_program(SELF, argv, envp), 1000 + E2BIG);
}

static void test_errors(void)
{
    struct tiny_elf e;
    static char longname[300], longpath[5000];

    tiny_elf(&e, 1);
    make_file("noexec", &e, sizeof(e));
    make_file("empty", "", 0);
    tiny_write("garbage", "garbage in a file", 17);
    tiny_write("short", &e, 30);
    check_ok(chmod("empty", 0755));
    check_ok(mkdir("dir", 0755));
    check_ok(symlink("loop", "loop"));
    memset(longname, 'n', sizeof(longname) - 1);
    memset(longpath, '/', sizeof(longpath) - 1);
    check_int(run_program("./missing", NULL, NULL), 1000 + ENOENT);
    check_int(run_program("", NULL, NULL), 1000 + ENOENT);
    check_int(run_program("./noexec", NULL, NULL), 1000 + EACCES);
    check_int(run_program("./dir", NULL, NULL), 1000 + EACCES);
    check_int(run_program("./noexec/x", NULL, NULL), 1000 + ENOTDIR);
    check_int(run_program("./loop", NULL, NULL), 1000 + ELOOP);
    check_int(run_program(longname, NULL, NULL), 1000 + ENAMETOOLONG);
    check_int(run_program(longpath, NULL, NULL), 1000 + ENAMETOOLONG);
    check_int(run_program("./empty", NULL, NULL), 1000 + ENOEXEC);
    check_int(run_program("./garbage", NULL, NULL), 1000 + ENOEXEC);
    if (!test_emulated) /* the host starts the emulator by the first bytes */
        check_int(run_program("./short", NULL, NULL), 1000 + ENOEXEC);
    check_int(run_program("/dev/null", NULL, NULL), 1000 + EACCES);
}

static void write_script(const char *path, const char *text)
{
    tiny_write(path, text, strlen(text));
}

static void test_scripts(void)
{
    struct tiny_elf e;
    char line[400];

    tiny_elf(&e, 21);
    tiny_write("tiny", &e, sizeof(e));
    write_script("a", "#!./tiny\n");
    check_int(run_program("./a", NULL, NULL), 21 << 8);
    write_script("b", "#! \t ./a  with an argument\nrest");
    check_int(run_program("./b", NULL, NULL), 21 << 8);
    write_script("c", "#!./b");
    check_int(run_program("./c", NULL, NULL), 21 << 8);
    write_script("self", "#!./self\n");
    check_int(run_program("./self", NULL, NULL), 1000 + ELOOP);
    write_script("none", "#!./missing\n");
    check_int(run_program("./none", NULL, NULL), 1000 + ENOENT);
    write_script("blank", "#! \n./tiny\n");
    check_int(run_program("./blank", NULL, NULL), 1000 + ENOEXEC);
    write_script("dir", "#!/\n");
    check_int(run_program("./dir", NULL, NULL), 1000 + EACCES);
    memset(line, 'x', sizeof(line));
    memcpy(line, "#!/", 3);
    line[sizeof(line) - 1] = 0;
    write_script("long", line); /* the name does not end in the first 256 bytes */
    check_int(run_program("./long", NULL, NULL), 1000 + ENOEXEC);
}

/* The interpreter gets its name, one argument, the script's path, and the script's arguments. */
static void test_script_arguments(void)
{
    char self[256], text[300], out[256], *envp[] = {NULL};
    ssize_t n = check_ok(readlink(SELF, self, sizeof(self) - 1));
    int fds[2], status;

    self[n] = 0;
    snprintf(text, sizeof(text), "#!%s --as=script two words \n", self);
    write_script("s", text);
    check_ok(pipe(fds));
    pid_t pid = xfork();
    if (pid == 0) {
        dup2(fds[1], 1);
        execve("./s", (char *const[]){(char *)"zero", (char *)"one", NULL}, envp);
        _exit(111);
    }
    close(fds[1]);
    n = read(fds[0], out, sizeof(out) - 1);
    out[n > 0 ? n : 0] = 0;
    check_int(waitpid(pid, &status, 0), pid);
    check_str(out, "[--as=script two words][./s][one]");
}

static void test_cloexec(void)
{
    char *argv[] = {(char *)"usertests", (char *)"--as", (char *)"fds", NULL}, *envp[] = {NULL};
    char out[64];
    int keep = check_ok(open("/dev/null", O_RDONLY));

    check_int(dup2(keep, 60), 60);
    check_int(fcntl(keep, F_DUPFD_CLOEXEC, 61), 61);
    check_int(dup3(keep, 62, O_CLOEXEC), 62);
    check_int(dup2(62, 63), 63);
    check_ok(fcntl(63, F_SETFD, FD_CLOEXEC));
    check_ok(fcntl(63, F_SETFD, 0));
    check_str(helper_output(argv, envp, out, sizeof(out)), "60 63");
}

static void handler(int sig) { (void)sig; }

/* Ignored and blocked signals stay so, handled ones get their default. */
static void test_signals(void)
{
    char *argv[] = {(char *)"usertests", (char *)"--as", (char *)"signals", NULL}, *envp[] = {NULL};
    sigset_t set = 1UL << (SIGTERM - 1);
    char out[64];

    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, handler);
    check_ok(sigprocmask(SIG_BLOCK, &set, NULL));
    check_str(helper_output(argv, envp, out, sizeof(out)), "usr1 ignored, usr2 default, 4000");
}

static void test_same_process(void)
{
    char pid_text[16], ppid_text[16];
    pid_t pid = xfork();

    if (pid == 0) {
        snprintf(pid_text, sizeof(pid_text), "%d", getpid());
        snprintf(ppid_text, sizeof(ppid_text), "%d", getppid());
        execl(SELF, "usertests", "--as", "ids", pid_text, ppid_text, NULL);
        _exit(1);
    }
    check_exit(pid, 0);
}

/* Memory is new: no page of the old program, brk and stack start afresh. */
static void test_new_memory(void)
{
    char *argv[] = {(char *)"usertests", (char *)"--as", (char *)"memory", NULL}, *envp[] = {NULL};
    char out[64];
    char *p = mmap((void *)0x2000000000, MIB, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    check(p != MAP_FAILED);
    memset(p, 1, MIB);
    check_str(helper_output(argv, envp, out, sizeof(out)), "fresh");
}

static void test_auxv(void)
{
    check_int(getauxval(AT_PAGESZ), PAGE);
    check(getauxval(AT_PHDR) != 0 && getauxval(AT_PHNUM) > 0 && getauxval(AT_ENTRY) != 0);
    check(getauxval(AT_RANDOM) != 0 && readable((void *)getauxval(AT_RANDOM)));
    check_int(getauxval(AT_CLKTCK), 100);
    check_int(getauxval(AT_UID), getuid());
    check_int(getauxval(AT_SECURE), 0);
}

/* A running program's file cannot be written, and one that is written cannot be run. */
static void test_text_busy(void)
{
    struct tiny_elf e;

    tiny_elf(&e, 2);
    tiny_write("tiny", &e, sizeof(e));
    int fd = check_ok(open("tiny", O_WRONLY));
    check_int(run_program("./tiny", NULL, NULL), 1000 + ETXTBSY);
    check_ok(close(fd));
    check_int(run_program("./tiny", NULL, NULL), 2 << 8);
    check_errno(open(SELF, O_WRONLY), ETXTBSY);
}

static void test_fexecve(void)
{
    static char *const none[] = {NULL};
    struct tiny_elf e;
    int status;

    tiny_elf(&e, 33);
    tiny_write("tiny", &e, sizeof(e));
    int fd = check_ok(open("tiny", O_RDONLY));
    pid_t pid = xfork();
    if (pid == 0) {
        syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
        _exit(errno == ENOSYS ? 33 : 1);
    }
    check_int(waitpid(pid, &status, 0), pid);
    check_int(status, 33 << 8);
}

const struct test exec_tests[] = {
    {"exec.tiny", test_tiny, T_DIRS},
    {"exec.arguments", test_arguments},
    {"exec.limits", test_limits},
    {"exec.errors", test_errors, T_DIRS},
    {"exec.scripts", test_scripts, T_DIRS},
    {"exec.script_arguments", test_script_arguments},
    {"exec.cloexec", test_cloexec},
    {"exec.signals", test_signals},
    {"exec.same_process", test_same_process},
    {"exec.new_memory", test_new_memory, T_NATIVE},
    {"exec.auxv", test_auxv},
    {"exec.text_busy", test_text_busy, T_NATIVE},
    {"exec.fexecve", test_fexecve, T_NATIVE},
    {NULL, NULL},
};
