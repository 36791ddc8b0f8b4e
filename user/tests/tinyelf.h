/* A program of one page, made here: it exits with a status. */
#ifndef XV_TINYELF_H
#define XV_TINYELF_H

#include "abi/elf.h"
#include <stddef.h>
#include <stdint.h>

struct tiny_elf {
    Elf64_Ehdr hdr;
    Elf64_Phdr phdr[2];
    uint32_t code[4];
};

#define TINY_BASE 0x10000UL

/* An image that exits with `status`; the second program header is PT_NULL, for variations. */
void tiny_elf(struct tiny_elf *e, int status);
/* Writes the image as an executable file. */
void tiny_write(const char *path, const void *image, size_t len);
/* fork, exec, wait: the status that wait4 gives; 1000 + errno when exec failed. */
int run_program(const char *path, char *const argv[], char *const envp[]);

#endif
