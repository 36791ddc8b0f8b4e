/* A program's file: its sections, and the functions by address. */
#include "lines.h"
#include <abi/elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

struct program {
    unsigned char *data;
    size_t size;
    struct line_tables tables;
    struct section symbols, names;
};

static int is_elf(const struct program *p)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)p->data;

    return p->size >= sizeof(*e) && memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 &&
           e->e_ident[EI_CLASS] == ELFCLASS64 && e->e_shentsize == sizeof(Elf64_Shdr) &&
           e->e_shoff <= p->size && e->e_shnum <= (p->size - e->e_shoff) / sizeof(Elf64_Shdr) &&
           e->e_shstrndx < e->e_shnum;
}

static const Elf64_Shdr *header(const struct program *p, unsigned i)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)p->data;

    return (const Elf64_Shdr *)(p->data + e->e_shoff) + i;
}

static struct section contents(const struct program *p, const Elf64_Shdr *s)
{
    struct section none = {NULL, 0};

    if (s->sh_offset > p->size || s->sh_size > p->size - s->sh_offset)
        return none;
    return (struct section){p->data + s->sh_offset, s->sh_size};
}

/* The string at an offset, if it ends within its section. */
static const char *string_at(const struct section *s, size_t offset)
{
    if (offset >= s->size || !memchr(s->data + offset, 0, s->size - offset))
        return "";
    return (const char *)s->data + offset;
}

static void find_sections(struct program *p)
{
    struct {
        const char *name;
        struct section *to;
    } wanted[] = {{".debug_line", &p->tables.line},
                  {".debug_line_str", &p->tables.line_str},
                  {".debug_str", &p->tables.str},
                  {".symtab", &p->symbols},
                  {".strtab", &p->names}};
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)p->data;
    struct section titles = contents(p, header(p, e->e_shstrndx));

    for (unsigned i = 0; i < e->e_shnum; i++) {
        const char *name = string_at(&titles, header(p, i)->sh_name);
        for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++)
            if (strcmp(name, wanted[w].name) == 0)
                *wanted[w].to = contents(p, header(p, i));
    }
}

struct program *program_open(const char *path)
{
    struct program *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->data = (unsigned char *)read_whole(path, &p->size);
    if (p->data && is_elf(p)) {
        find_sections(p);
        return p;
    }
    if (p->data)
        errno = 0;
    free(p->data);
    free(p);
    return NULL;
}

/* The last function that begins at or below the address. */
static const Elf64_Sym *find_function(const struct program *p, uint64_t address)
{
    const Elf64_Sym *syms = (const Elf64_Sym *)p->symbols.data, *best = NULL;

    for (size_t i = 0; i < p->symbols.size / sizeof(*syms); i++) {
        const Elf64_Sym *s = &syms[i];
        if ((s->st_info & 15) != 2 || s->st_value > address) /* STT_FUNC */
            continue;
        if (!best || s->st_value > best->st_value)
            best = s;
    }
    return best;
}

char *program_place(struct program *p, uint64_t address)
{
    char file[256];
    unsigned line;
    struct text t = {0};
    const Elf64_Sym *f;

    if (p && line_find(&p->tables, address, file, sizeof(file), &line) == 0)
        text_printf(&t, "%s:%u", file, line);
    else if (p && (f = find_function(p, address)) != NULL)
        text_printf(&t, "%s+%#lx", string_at(&p->names, f->st_name), address - f->st_value);
    else
        text_printf(&t, "%#lx", address);
    return t.data;
}
