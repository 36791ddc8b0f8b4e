// Starting programs: execve(2) and what it is made of.
#pragma once

#include "abi/elf.h"
#include "lib/types.h"
#include "lib/compiler.h"

struct file;
struct mm;
struct path;
struct trapframe;

#define EXEC_BYTES_MAX (2UL << 20) // of all argument strings together
#define EXEC_SCRIPTS_MAX 4         // "#!" that names a script, and so on
#define EXEC_HEAD 1024             // bytes of a file that are looked at first

// Kernel copies of argv or envp: strings one after the other, each with its zero. Start zeroed.
struct exec_strings {
    char *data;
    size_t len, cap;
    int count;
};
// 0, -E2BIG, -EFAULT, -ENOMEM.
int __must_check exec_strings_add(struct exec_strings *s, const char *text);
int __must_check exec_strings_add_user(struct exec_strings *s, uaddr_t vector); // argv, envp
void exec_strings_free(struct exec_strings *s);

// execve(2) of the current process: on 0, the user frame *tf is the new program's start and nothing
// of the old one is left. On an error nothing has changed. start: the directory of a relative path
// (execveat), or with an empty name the program itself; or NULL. argv and envp are used up, but
// freed by the caller.
int __must_check process_exec(struct path *start, const char *name, struct exec_strings *argv,
                              struct exec_strings *envp, struct trapframe *tf);

// ---- between the files of exec

struct exec_image { // a program being made
    struct file *file;       // held
    struct mm *mm;           // new, not yet anybody's
    uaddr_t entry;           // where to start: the interpreter's entry if there is one
    uaddr_t program_entry, phdr, base; // for the auxiliary vector
    uint64_t phent, phnum;
    uaddr_t sp;              // after exec_write_stack
    bool secure;             // set-user-ID: AT_SECURE
    size_t head_len;
    char head[EXEC_HEAD] __aligned(8);
};

// Opens a regular file that may be executed. 0 or -errno.
int __must_check file_open_exec(struct path *start, const char *name, struct file **out);
// elf.c: maps the program (and its interpreter) into image->mm. 0, -ENOEXEC and its like.
int __must_check exec_load_elf(struct exec_image *image);
// exec_stack.c: maps the stack and writes strings, vectors and auxiliary vector as the ABI says.
int __must_check exec_write_stack(struct exec_image *image, const char *name,
                                  const struct exec_strings *argv, const struct exec_strings *envp);
