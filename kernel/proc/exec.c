// execve(2): a new program in the current process.
//
//   open -> "#!"? the interpreter instead -> new mm: map the ELF, write the stack     can fail,
//                                                                                     nothing
//                                                                                     changed
//   -- point of no return: other threads end --
//   switch to the new mm, drop the old -> handlers to default, close-on-exec, name, registers
//
// The new address space is complete before the old one is touched, so a failing exec returns to a
// program that has lost nothing; no half-made process has to be killed. The price is that both
// exist for a moment; the new one has two or three pages then.
#include "proc/exec.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "proc/rlimit.h"
#include "proc/signal.h"
#include "sched/fp.h"
#include "vm/mm.h"

int file_open_exec(struct path *start, const char *name, struct file **out) {
    struct fsctx *c = current_fs();
    int err = *name || !start ? file_open(c, start, name, O_RDONLY, 0, out)
                              : file_open_path(c, start, O_RDONLY, out);
    if (err)
        return err;
    struct inode *i = (*out)->inode;
    err = (i->mode & S_IFMT) == S_IFREG ? inode_permission(c, i, MAY_EXEC) : -EACCES;
    if (!err && (!(i->mode & 0111) || (*out)->path.mount->flags & MS_NOEXEC))
        err = -EACCES; // not even root
    if (!err)
        err = file_claim(*out, -1); // nobody writes it while it runs
    if (err)
        file_put(*out);
    return err;
}

// Opens name, in place of what image->file was, and reads its head.
static int open_program(struct exec_image *image, struct path *start, const char *name) {
    struct file *f;
    int err = file_open_exec(start, name, &f);
    if (err)
        return err;
    if (image->file)
        file_put(image->file);
    image->file = f;
    ssize_t n = file_read_kernel(f, image->head, EXEC_HEAD, 0);
    image->head_len = n > 0 ? (size_t)n : 0;
    return n < 0 ? (int)n : 0;
}

// ---- "#!interpreter [argument]"

static char *skip_blanks(char *p) {
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

// Splits the first line in place. False: no line of a script, or an interpreter whose name does not
// end in the part that is looked at.
static bool parse_script(struct exec_image *image, char **interp, char **arg) {
    char *line = image->head, *end;
    size_t len = min(image->head_len, (size_t)BINPRM_BUF_SIZE - 1);
    if (len < 3 || line[0] != '#' || line[1] != '!')
        return false;
    end = memchr(line, '\n', len);
    bool cut = !end && image->head_len > len;
    if (!end)
        end = line + len;
    while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    *interp = skip_blanks(line + 2);
    char *p = *interp;
    while (*p && *p != ' ' && *p != '\t')
        p++;
    *arg = NULL;
    if (*p) {
        *p++ = 0;
        *arg = skip_blanks(p); // all the rest is one argument, as on Linux
    }
    return **interp != 0 && !(cut && !*arg);
}

// argv becomes: interpreter, its argument, the script, what followed argv[0].
static int script_argv(struct exec_strings *argv, const char *interp, const char *arg,
                       const char *script) {
    struct exec_strings new = {0};
    int err = exec_strings_add(&new, interp);
    if (!err && arg && *arg)
        err = exec_strings_add(&new, arg);
    if (!err)
        err = exec_strings_add(&new, script);
    const char *p = argv->data;
    for (int i = 0; i < argv->count && !err; i++) {
        if (i > 0)
            err = exec_strings_add(&new, p);
        p += strlen(p) + 1;
    }
    if (err) {
        exec_strings_free(&new);
        return err;
    }
    exec_strings_free(argv);
    *argv = new;
    return 0;
}

// Opens the program; while that is a script, its interpreter.
static int find_program(struct exec_image *image, struct path *start, const char *name,
                        struct exec_strings *argv) {
    int err = open_program(image, start, name);
    char *interp, *arg;
    for (int depth = 0; !err && parse_script(image, &interp, &arg); depth++) {
        if (depth == EXEC_SCRIPTS_MAX)
            return -ELOOP;
        err = script_argv(argv, interp, arg, depth == 0 ? name : argv->data);
        if (!err)
            err = open_program(image, NULL, argv->data);
    }
    return err;
}

// ---- after the point of no return

static bool sets_uid(const struct file *f) {
    return f->inode->mode & S_ISUID && !(f->path.mount->flags & MS_NOSUID);
}
static bool sets_gid(const struct file *f) { // without execution by the group it means locking
    return (f->inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
           !(f->path.mount->flags & MS_NOSUID);
}

// Set-user-ID and set-group-ID; the saved numbers follow the effective ones (execve(2)).
static void set_credentials(struct exec_image *image) {
    struct inode *i = image->file->inode;
    struct fsctx *c = current_fs();
    if (sets_uid(image->file))
        c->euid = c->fsuid = i->uid;
    if (sets_gid(image->file))
        c->egid = c->fsgid = i->gid;
    c->suid = c->euid;
    c->sgid = c->egid;
    process_note_user();
}

static bool is_secure(const struct exec_image *image) {
    const struct inode *i = image->file->inode;
    const struct fsctx *c = current_fs();
    return (sets_uid(image->file) && i->uid != c->uid) ||
           (sets_gid(image->file) && i->gid != c->gid);
}

// The point of no return. A vfork parent may go on once its mm is no longer ours.
static void take_mm(struct process *p, struct exec_image *image) {
    struct mm *mm = image->mm, *old;
    mm->exe_ops = image->file->inode->mapping.ops;
    mm->exe = image->file;
    mm->exe_ops->hold(mm->exe);
    image->mm = NULL;
    mm_switch(mm);
    spin_lock(&proc_lock);
    old = p->mm;
    p->mm = mm;
    p->did_exec = true;
    spin_unlock(&proc_lock);
    process_vfork_done(p);
    if (old)
        mm_put(old);
}

static void set_name(struct thread *t, const struct exec_image *image, const char *name) {
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : *name ? name : image->file->path.dentry->name;
    strlcpy(t->name, base, sizeof t->name);
}

// All zero but pc, sp and the modes: a0 too, which the C library takes for a function to call at
// exit when it is not.
static void start_registers(const struct exec_image *image, struct trapframe *tf) {
    uint64_t keep = csr_read(sstatus) & ~(SSTATUS_SPP | SSTATUS_SIE | SSTATUS_SUM | SSTATUS_MXR);
    *tf = (struct trapframe){.sepc = image->entry, .sp = image->sp};
    tf->sstatus = keep | SSTATUS_SPIE;
    fp_reset(tf);
}

static void become(struct exec_image *image, const char *name, struct trapframe *tf) {
    struct process *p = current_proc();
    struct thread *t = current();
    take_mm(p, image);
    p->dumpable = !image->secure; // before the numbers change
    set_credentials(image);
    signal_exec();
    fdtable_close_on_exec(p->files);
    set_name(t, image, name);
    t->clear_child_tid = 0;
    t->robust_list = 0;
    start_registers(image, tf);
}

// Everything that can fail.
static int build(struct exec_image *image, struct path *start, const char *name,
                 struct exec_strings *argv, struct exec_strings *envp) {
    int err = find_program(image, start, name, argv);
    if (err)
        return err;
    image->mm = mm_create();
    if (!image->mm)
        return -ENOMEM;
    image->secure = is_secure(image);
    if (argv->count == 0 && (err = exec_strings_add(argv, "")) != 0) // never an empty argv
        return err;
    err = exec_load_elf(image);
    if (!err)
        err = exec_write_stack(image, name, argv, envp);
    if (!err)
        err = signal_prepare_exec();
    if (!err)
        err = process_single_thread();
    return err ? err : signal_prepare_exec(); // another thread may have forked meanwhile
}

int process_exec(struct path *start, const char *name, struct exec_strings *argv,
                 struct exec_strings *envp, struct trapframe *tf) {
    struct exec_image *image = kmalloc(sizeof *image, GFP_KERNEL);
    if (!image)
        return -ENOMEM;
    memset(image, 0, offsetof(struct exec_image, head));
    int err = build(image, start, name, argv, envp);
    if (!err)
        become(image, name, tf);
    if (image->mm)
        mm_put(image->mm);
    if (image->file)
        file_put(image->file);
    kfree(image);
    return err;
}
