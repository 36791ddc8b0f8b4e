/* System V shared memory. */
#include "swaputil.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED ((void *)-1)
#define KEY    0x39393939

static char *attach(int id, int flags)
{
    char *p = shmat(id, NULL, flags);

    if (p == FAILED)
        test_fail(__FILE__, __LINE__, "shmat(%d): %m", id);
    return p;
}

static struct shmid_ds stat_of(int id)
{
    struct shmid_ds d;

    check_ok(shmctl(id, IPC_STAT, &d));
    return d;
}

static int new_segment(size_t size, int mode) { return check_ok(shmget(IPC_PRIVATE, size, mode)); }

/* The line of /proc/sysvipc/shm of a segment: its field of this number; -1: it has no line. */
static long row(int id, int field)
{
    static char text[8192];
    char *line = read_text("/proc/sysvipc/shm", text, sizeof text);
    long value[16];

    for (line = strchr(line, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char *at = line;
        for (int i = 0; i < 16; i++)
            value[i] = strtol(at, &at, i == 2 ? 8 : 10);
        if (value[1] == id)
            return value[field];
    }
    return -1;
}

static void test_share(void)
{
    int id = new_segment(5 * PAGE + 10, 0600);
    char *p = attach(id, 0), *q = attach(id, 0);

    check(p != q && all_bytes(p, 0, 6 * PAGE));
    fill_pattern(p, 6 * PAGE, 3, 0);
    check_int(check_pattern(q, 6 * PAGE, 3, 0), -1);
    struct shmid_ds d = stat_of(id);
    check_int(d.shm_segsz, 5 * PAGE + 10);
    check_int(d.shm_nattch, 2);
    check_int(d.shm_cpid, getpid());
    check_int(d.shm_lpid, getpid());
    check_int(d.shm_perm.mode & 0777, 0600);
    check(d.shm_atime > 0 && d.shm_ctime > 0 && d.shm_dtime == 0);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(stat_of(id).shm_nattch, 4); /* inherited */
        p[0] = 'c';
        check_ok(shmdt(q));
        check_int(stat_of(id).shm_nattch, 3);
        check_int(stat_of(id).shm_lpid, getpid());
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(q[0], 'c');
    d = stat_of(id);
    check_int(d.shm_nattch, 2); /* its end has detached the other */
    check_int(d.shm_lpid, pid);
    check(d.shm_dtime > 0);
    check_ok(shmdt(p));
    check(!readable(p));
    check_ok(shmdt(q));
    p = attach(id, 0); /* it has stayed */
    check_int(check_pattern(p + 1, 6 * PAGE - 1, 3, 1), -1);
    check_ok(shmdt(p));
    check_ok(shmctl(id, IPC_RMID, NULL));
    check_errno(shmctl(id, IPC_STAT, &d), EINVAL);
    check_errno(shmat(id, NULL, 0), EINVAL);
}

static void test_keys(void)
{
    int id = check_ok(shmget(KEY, 100, IPC_CREAT | 0640));

    check_int(shmget(KEY, 100, 0), id);
    check_int(shmget(KEY, 0, 0600), id);
    check_int(shmget(KEY, 50, IPC_CREAT), id);
    check_errno(shmget(KEY, 100, IPC_CREAT | IPC_EXCL), EEXIST);
    check_errno(shmget(KEY, 101, 0), EINVAL);
    check_errno(shmget(KEY + 1, 100, 0), ENOENT);
    check_int(row(id, 0), KEY);
    check_int(row(id, 2), 0640);
    check_int(row(id, 3), 100);
    check_int(row(id, 6), 0);
    char *p = attach(id, 0);
    p[0] = 1;
    check_int(row(id, 6), 1);
    check_int(row(id, 14), PAGE);
    check_ok(shmctl(id, IPC_RMID, NULL));
    check_errno(shmget(KEY, 100, 0), ENOENT); /* the key is free, the number is not */
    int other = check_ok(shmget(KEY, 100, IPC_CREAT | 0600));
    check(other != id);
    check_ok(shmctl(other, IPC_RMID, NULL));
    check(stat_of(id).shm_perm.mode & SHM_DEST);
    check_int(row(id, 0), 0);
    char *q = attach(id, 0); /* as on Linux */
    check_int(q[0], 1);
    check_ok(shmdt(p));
    check_int(row(id, 6), 1);
    check_ok(shmdt(q));
    check_int(row(id, 6), -1);
    check_errno(shmat(id, NULL, 0), EINVAL);
    make_file("f", "", 0);
    key_t a = ftok("f", 1), b = ftok("f", 2);
    check(a != -1 && b != -1 && a != b && a == ftok("f", 1));
    check_int(ftok("none", 1), -1);
}

static void write_at(void *p) { *(char *)p = 1; }

static void test_where(void)
{
    int id = new_segment(4 * PAGE, 0600);
    char *room = map_anon(16 * PAGE), *p;

    check_errno(shmat(id, room, 0), EINVAL); /* taken */
    check_ok(munmap(room, 16 * PAGE));
    check(shmat(id, room, 0) == room);
    check_errno(shmat(id, room + PAGE + 5, 0), EINVAL);
    check_errno(shmat(id, room + PAGE, 0), EINVAL); /* overlaps */
    check(shmat(id, room + 2 * PAGE + 5, SHM_RND | SHM_REMAP) == room + 2 * PAGE);
    room[PAGE] = 'x';
    check(room[3 * PAGE] == 'x'); /* page 1 of the segment, twice */
    check_errno(shmat(id, NULL, SHM_REMAP), EINVAL);
    check_errno(shmat(id, (void *)5, SHM_REMAP | SHM_RND), EINVAL);
    check_errno(shmdt(room + PAGE), EINVAL);
    check_errno(shmdt(room + 5), EINVAL);
    check_errno(shmdt(room + 8 * PAGE), EINVAL);
    check_ok(shmdt(room + 2 * PAGE));
    check(readable(room) && !readable(room + 2 * PAGE));
    check_ok(shmdt(room));
    check_errno(shmdt(room), EINVAL);
    p = attach(id, SHM_RDONLY);
    check_int(p[PAGE], 'x');
    check_killed(write_at, p, SIGSEGV);
    check_errno(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
    check_ok(mprotect(p + PAGE, PAGE, PROT_NONE)); /* in three parts now */
    check_int(stat_of(id).shm_nattch, 3);
    check_ok(munmap(p + 2 * PAGE, PAGE));
    check_ok(shmdt(p)); /* all that is left of it */
    check_int(stat_of(id).shm_nattch, 0);
    check(!readable(p) && !readable(p + 3 * PAGE));
    check_ok(shmctl(id, IPC_RMID, NULL));
}

static void test_permissions(void)
{
    int id = new_segment(PAGE, 0640);
    struct shmid_ds d = stat_of(id);

    d.shm_perm.uid = 500;
    d.shm_perm.gid = 600;
    d.shm_perm.mode = 01640;
    check_ok(shmctl(id, IPC_SET, &d));
    check_int(stat_of(id).shm_perm.mode, 0640);
    check_int(stat_of(id).shm_perm.uid, 500);
    check_int(stat_of(id).shm_perm.cuid, 0);
    pid_t pid = xfork();
    if (pid == 0) { /* the group may read */
        check_ok(setgid(600));
        check_ok(setuid(1000));
        check(attach(id, SHM_RDONLY) != NULL);
        check_errno(shmat(id, NULL, 0), EACCES);
        check_ok(shmctl(id, IPC_STAT, &d));
        check_errno(shmctl(id, IPC_SET, &d), EPERM);
        check_errno(shmctl(id, IPC_RMID, NULL), EPERM);
        check_errno(shmctl(id, SHM_LOCK, NULL), EPERM);
        _exit(0);
    }
    check_exit(pid, 0);
    pid = xfork();
    if (pid == 0) { /* others may nothing */
        check_ok(setgid(601));
        check_ok(setuid(1000));
        check_errno(shmat(id, NULL, SHM_RDONLY), EACCES);
        check_errno(shmctl(id, IPC_STAT, &d), EACCES);
        check_errno(shmctl(id % 32768, SHM_STAT, &d), EACCES);
        check_int(shmctl(id % 32768, SHM_STAT_ANY, &d), id);
        _exit(0);
    }
    check_exit(pid, 0);
    pid = xfork();
    if (pid == 0) { /* the owner may all but execute */
        check_ok(setuid(500));
        check(attach(id, 0) != NULL);
        check_errno(shmat(id, NULL, SHM_EXEC), EACCES);
        check_ok(shmctl(id, IPC_RMID, NULL));
        _exit(0);
    }
    check_exit(pid, 0);
    check_errno(shmctl(id, IPC_STAT, &d), EINVAL);
}

static void test_limits(void)
{
    struct shminfo info;
    struct shm_info sums, more;
    struct shmid_ds d;
    struct rlimit as = {0};

    check(shmctl(0, IPC_INFO, (void *)&info) >= 0);
    check(info.shmmin == 1 && info.shmmni >= 4096 && info.shmmax >= 1UL << 60);
    check(shmctl(0, SHM_INFO, (void *)&sums) >= 0);
    int id = new_segment(10 * PAGE, 0600);
    char *p = attach(id, 0);
    memset(p, 1, 3 * PAGE);
    int highest = check_ok(shmctl(0, SHM_INFO, (void *)&more));
    check(highest >= id % 32768);
    check_int(more.used_ids, sums.used_ids + 1);
    check_int(more.shm_tot, sums.shm_tot + 10);
    check_int(more.shm_rss, sums.shm_rss + 3);
    check_int(shmctl(id % 32768, SHM_STAT, &d), id);
    check_int(d.shm_segsz, 10 * PAGE);
    check_ok(shmctl(id, IPC_RMID, NULL));
    check_ok(shmdt(p));
    check_int(put_text("/proc/sys/kernel/shmmax", "8192"), 0);
    check_errno(shmget(IPC_PRIVATE, 8193, 0600), EINVAL);
    id = new_segment(8192, 0600);
    check_int(put_text("/proc/sys/kernel/shmmax", "18446744073692774399"), 0);
    check_int(put_text("/proc/sys/kernel/shmmni", "0"), 0);
    check_errno(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
    check_int(put_text("/proc/sys/kernel/shmmni", "4096"), 0);
    check_int(put_text("/proc/sys/kernel/shmall", "1"), 0);
    check_errno(shmget(IPC_PRIVATE, PAGE, 0600), ENOSPC);
    check_int(put_text("/proc/sys/kernel/shmall", "18446744073692774399"), 0);
    check_int(put_text("/proc/sys/kernel/shmmni", "-1"), EINVAL);
    as.rlim_cur = as.rlim_max = proc_value("/proc/self/status", "VmSize") * KIB + PAGE;
    check_ok(setrlimit(RLIMIT_AS, &as));
    check_errno(shmat(id, NULL, 0), ENOMEM);
    check_int(stat_of(id).shm_nattch, 0);
    check_ok(shmctl(id, IPC_RMID, NULL));
}

static void test_errors(void)
{
    struct shmid_ds d;
    int id = new_segment(PAGE, 0600);

    check_errno(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
    check_errno(shmget(IPC_PRIVATE, (size_t)-1, 0600), EINVAL);
    check_errno(shmget(IPC_PRIVATE, 1UL << 62, 0600), ENOMEM);
    check_errno(shmget(IPC_PRIVATE, PAGE, SHM_HUGETLB | 0600), EINVAL);
    check_errno(shmat(-1, NULL, 0), EINVAL);
    check_errno(shmat(id + 32768, NULL, 0), EINVAL); /* another sequence */
    check_errno(shmat(id, (void *)KERNEL_ADDRESS, 0), ENOMEM);
    check_errno(shmat(id, (void *)-PAGE, SHM_REMAP), ENOMEM);
    check_errno(shmdt((void *)KERNEL_ADDRESS), EINVAL);
    check_errno(shmdt(NULL), EINVAL);
    check_errno(shmdt(&d), EINVAL);
    check_errno(shmctl(id, 99, &d), EINVAL);
    check_errno(shmctl(id, -1, &d), EINVAL);
    check_errno(shmctl(-1, IPC_STAT, &d), EINVAL);
    check_errno(shmctl(id, IPC_STAT, (void *)KERNEL_ADDRESS), EFAULT);
    check_errno(shmctl(id, IPC_SET, NULL), EFAULT);
    check_errno(shmctl(30000, SHM_STAT, &d), EINVAL);
    d = stat_of(id);
    d.shm_perm.uid = -1;
    check_errno(shmctl(id, IPC_SET, &d), EINVAL);
    check_ok(shmctl(id, IPC_RMID, NULL));
    check_errno(shmctl(id, IPC_RMID, NULL), EINVAL);
}

static void hold_and_die(void *id)
{
    shmat(*(int *)id, NULL, 0);
    kill(getpid(), SIGKILL);
}

/* exec and a violent end detach as well; what was removed meanwhile goes then, with its frames. */
static void test_ends(void)
{
    int id = new_segment(64 * PAGE, 0600);
    struct shmid_ds d;

    status_of(hold_and_die, &id);
    check_int(stat_of(id).shm_nattch, 0);
    pid_t pid = xfork();
    if (pid == 0) {
        memset(attach(id, 0), 1, 64 * PAGE);
        check_ok(shmctl(id, IPC_RMID, NULL));
        execl("/proc/self/exe", "usertests", "--as", "exit", "9", NULL);
        _exit(1);
    }
    check_exit(pid, 9);
    check_errno(shmctl(id, IPC_STAT, &d), EINVAL);
}

static void test_maps(void)
{
    static char text[16384];
    char line[64];
    int id = check_ok(shmget(KEY, 3 * PAGE, IPC_CREAT | 0600));
    char *p = attach(id, SHM_RDONLY);

    snprintf(line, sizeof line, "%08lx-%08lx r--s 00000000 00:00 %d ", (long)p,
             (long)p + 3 * PAGE, id);
    read_text("/proc/self/maps", text, sizeof text);
    check(strstr(text, line) != NULL && strstr(text, "/SYSV39393939 (deleted)") != NULL);
    check_ok(shmctl(id, IPC_RMID, NULL));
}

static long pages_out(int id) { return row(id, 15) / (long)PAGE; }

/* Segments go to swap and come back, attached or not, but for one that is locked. */
static void test_swap(void)
{
    struct rlimit lock = {4 * PAGE, 4 * PAGE};
    static char old[32];

    if (ram_bytes() > 48 * MIB)
        test_skip("more memory than the disk can fill");
    int id = new_segment(32 * PAGE, 0600), locked = new_segment(8 * PAGE, 0600);
    begin_swap(2049);
    check(read_text(SWAPPINESS, old, sizeof old) != NULL);
    check_int(put_text(SWAPPINESS, "200"), 0);
    char *p = attach(id, 0), *q = attach(locked, 0);
    fill_pattern(p, 32 * PAGE, 5, 0);
    fill_pattern(q, 8 * PAGE, 6, 0);
    check_ok(shmctl(locked, SHM_LOCK, NULL));
    check(stat_of(locked).shm_perm.mode & SHM_LOCKED);
    check_ok(shmdt(p));
    check_ok(shmdt(q));
    press_until(pages_out, id, 32);
    check_int(row(id, 15), 32 * PAGE);
    check_int(row(locked, 15), 0);
    p = attach(id, SHM_RDONLY);
    q = attach(locked, SHM_RDONLY);
    check_int(check_pattern(p, 32 * PAGE, 5, 0), -1);
    check_int(check_pattern(q, 8 * PAGE, 6, 0), -1);
    check_ok(shmctl(locked, SHM_UNLOCK, NULL));
    check_ok(shmctl(id, IPC_RMID, NULL));
    check_ok(shmdt(p));
    check_int(put_text(SWAPPINESS, old), 0);
    end_swap();
    check_ok(shmctl(locked, IPC_RMID, NULL));
    id = new_segment(8 * PAGE, 0600);
    struct shmid_ds d = stat_of(id);
    d.shm_perm.uid = 500;
    check_ok(shmctl(id, IPC_SET, &d));
    check_ok(setrlimit(RLIMIT_MEMLOCK, &lock));
    check_ok(setuid(500));
    check_errno(shmctl(id, SHM_LOCK, NULL), ENOMEM);
    check_ok(shmctl(id, IPC_RMID, NULL));
}

const struct test shm_tests[] = {
    {"shm.share", test_share},
    {"shm.keys", test_keys, T_NATIVE},
    {"shm.where", test_where, T_NATIVE},
    {"shm.permissions", test_permissions, T_NATIVE},
    {"shm.limits", test_limits, T_NATIVE},
    {"shm.errors", test_errors, T_NATIVE},
    {"shm.ends", test_ends, T_NATIVE},
    {"shm.maps", test_maps, T_NATIVE},
    {"shm.swap", test_swap, T_NATIVE},
    {NULL, NULL},
};
