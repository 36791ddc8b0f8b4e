// Loading ELF64 RISC-V programs (System V ABI; RISC-V ELF psABI). No byte is read here but headers:
// segments become mappings of the file, and pages come at the faults.
//
//   PT_LOAD:      file bytes        memory beyond them (bss)
//             |---- mapped ----|..|---- anonymous ----|
//                               ^ the rest of the last file page is zeroed
//
// ET_EXEC goes where it says. ET_DYN (static-pie, or with PT_INTERP) goes to DYN_BASE, its
// interpreter into the mmap area. The heap begins behind the program's last segment.
//
// Every number in the file is checked before use: sizes and sums against overflow and USER_END. A
// bad file is -ENOEXEC (or -ELIBBAD for an interpreter), and the new address space is thrown away.
#include "abi/elf.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/mman.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "vm/mmap.h"

#define DYN_BASE (USER_END / 3 * 2 & PAGE_MASK)
#define PHDRS_MAX (65536 / sizeof(Elf64_Phdr))

struct elf {
    struct file *file;
    Elf64_Ehdr *hdr;
    Elf64_Phdr *phdrs;   // hdr->e_phnum of them
    Elf64_Phdr *table;   // kmalloc'ed, or NULL when phdrs lie in the file's head
    uaddr_t low, high;   // address range of the segments, page aligned, before `shift`
    uint64_t shift;      // load address minus link address
    uaddr_t code_end, data_start, data_end;
};

// A file of the wrong kind, or for another machine: somebody else's format, -ENOEXEC.
static bool header_ok(const Elf64_Ehdr *h, size_t len) {
    return len >= sizeof *h && memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
           h->e_ident[EI_CLASS] == ELFCLASS64 && h->e_ident[EI_DATA] == ELFDATA2LSB &&
           (h->e_type == ET_EXEC || h->e_type == ET_DYN) && h->e_machine == EM_RISCV &&
           h->e_phentsize == sizeof(Elf64_Phdr) && h->e_phnum > 0 && h->e_phnum <= PHDRS_MAX &&
           h->e_phoff < INT64_MAX - 65536;
}

// In the user half, without overflow, and congruent to its file offset, so that it can be mapped.
static bool segment_ok(const Elf64_Phdr *ph) {
    return ph->p_filesz <= ph->p_memsz && ph->p_memsz <= USER_END && ph->p_vaddr < USER_END &&
           ph->p_vaddr + ph->p_memsz <= USER_END && ph->p_offset < INT64_MAX - USER_END &&
           ph->p_vaddr % PAGE_SIZE == ph->p_offset % PAGE_SIZE;
}

// The table is nearly always within the file's head that has been read already.
static int read_phdrs(struct elf *e, const char *head, size_t head_len) {
    uint64_t off = e->hdr->e_phoff;
    size_t size = e->hdr->e_phnum * sizeof(Elf64_Phdr);
    if (off + size <= head_len && off % 8 == 0) {
        e->phdrs = (Elf64_Phdr *)(head + off);
        return 0;
    }
    e->phdrs = e->table = kmalloc(size, GFP_KERNEL);
    if (!e->table)
        return -ENOMEM;
    ssize_t n = file_read_kernel(e->file, e->table, size, (off_t)off);
    return n < 0 ? (int)n : (size_t)n == size ? 0 : -ENOEXEC;
}

// Checks all segments and finds their range. -ENOEXEC when one is bad or none is there.
static int survey(struct elf *e) {
    e->low = USER_END;
    for (int i = 0; i < e->hdr->e_phnum; i++) {
        const Elf64_Phdr *ph = &e->phdrs[i];
        if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
            continue;
        if (!segment_ok(ph))
            return -ENOEXEC;
        e->low = min(e->low, ph->p_vaddr & PAGE_MASK);
        e->high = max(e->high, ALIGN_UP(ph->p_vaddr + ph->p_memsz, PAGE_SIZE));
    }
    return e->low < e->high ? 0 : -ENOEXEC;
}

static int segment_prot(const Elf64_Phdr *ph) {
    return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
           (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

// f NULL: anonymous. Something there already is -EEXIST.
static int map_at(struct mm *mm, uaddr_t at, uint64_t len, int prot, struct file *f, uint64_t off) {
    int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE | (f ? 0 : MAP_ANONYMOUS);
    int64_t got = vm_mmap(mm, at, len, prot, flags, f ? &f->inode->mapping : NULL, f, off,
                          VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, 0);
    return got < 0 ? (int)got : 0;
}

// Zeroes from the end of the file bytes to the end of their page.
static int clear_tail(struct mm *mm, uaddr_t from) {
    static char zeroes[PAGE_SIZE];
    size_t n = -from & (PAGE_SIZE - 1);
    return mm_access(mm, from, zeroes, n, true) == n ? 0 : -EFAULT;
}

// The file part, the anonymous part, and the seam between them.
static int map_segment(struct mm *mm, struct elf *e, const Elf64_Phdr *ph) {
    uaddr_t start = ph->p_vaddr + e->shift, page = start & PAGE_MASK;
    uaddr_t file_end = start + ph->p_filesz, end = start + ph->p_memsz;
    uaddr_t file_pages_end = ph->p_filesz ? ALIGN_UP(file_end, PAGE_SIZE) : page;
    uaddr_t pages_end = ALIGN_UP(end, PAGE_SIZE);
    int prot = segment_prot(ph), err = 0;
    if (file_pages_end > page)
        err = map_at(mm, page, file_pages_end - page, prot, e->file, ph->p_offset & PAGE_MASK);
    if (!err && pages_end > file_pages_end)
        err = map_at(mm, file_pages_end, pages_end - file_pages_end, prot, NULL, 0);
    if (!err && end > file_end && file_end % PAGE_SIZE && ph->p_filesz && (prot & PROT_WRITE))
        err = clear_tail(mm, file_end);
    if (prot & PROT_EXEC)
        e->code_end = max(e->code_end, file_end);
    e->data_start = start; // of the last segment, as on Linux
    e->data_end = max(e->data_end, file_end);
    return err;
}

static int map_segments(struct mm *mm, struct elf *e) {
    int err = 0;
    for (int i = 0; i < e->hdr->e_phnum && !err; i++)
        if (e->phdrs[i].p_type == PT_LOAD && e->phdrs[i].p_memsz)
            err = map_segment(mm, e, &e->phdrs[i]);
    return err == -EEXIST || err == -EINVAL ? -ENOEXEC : err; // segments overlap
}

// Where the program headers are in memory: inside the segment that has their file offset.
static uaddr_t phdr_address(const struct elf *e) {
    for (int i = 0; i < e->hdr->e_phnum; i++) {
        const Elf64_Phdr *ph = &e->phdrs[i];
        if (ph->p_type == PT_LOAD && ph->p_offset <= e->hdr->e_phoff &&
            e->hdr->e_phoff < ph->p_offset + ph->p_filesz)
            return e->hdr->e_phoff - ph->p_offset + ph->p_vaddr + e->shift;
    }
    return 0;
}

static const Elf64_Phdr *find_phdr(const struct elf *e, uint32_t type) {
    for (int i = 0; i < e->hdr->e_phnum; i++)
        if (e->phdrs[i].p_type == type)
            return &e->phdrs[i];
    return NULL;
}

// ---- the interpreter (dynamic linker)

static int open_interpreter(const struct elf *e, const Elf64_Phdr *ph, struct file **out) {
    if (ph->p_filesz < 2 || ph->p_filesz > PATH_MAX)
        return -ENOEXEC;
    char *name = kmalloc(ph->p_filesz, GFP_KERNEL);
    if (!name)
        return -ENOMEM;
    ssize_t n = file_read_kernel(e->file, name, ph->p_filesz, (off_t)ph->p_offset);
    int err = n < 0 ? (int)n : -ENOEXEC;
    if ((size_t)n == ph->p_filesz && name[n - 1] == 0)
        err = file_open_exec(NULL, name, out);
    kfree(name);
    return err;
}

static int load_interpreter(struct exec_image *image, struct file *f, char *head) {
    struct elf e = {.file = f, .hdr = (Elf64_Ehdr *)head};
    ssize_t n = file_read_kernel(f, head, EXEC_HEAD, 0);
    if (n < 0 || !header_ok(e.hdr, (size_t)n) || e.hdr->e_type != ET_DYN)
        return n < 0 ? (int)n : -ELIBBAD;
    int err = read_phdrs(&e, head, (size_t)n);
    if (!err)
        err = survey(&e);
    if (!err) { // room for all of it, then the segments in place
        int64_t at = vm_mmap(image->mm, 0, e.high - e.low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                             NULL, NULL, 0, VM_MAYREAD, 0);
        err = at < 0 ? (int)at : vm_munmap(image->mm, (uaddr_t)at, e.high - e.low);
        e.shift = (uint64_t)at - e.low;
    }
    if (!err)
        err = map_segments(image->mm, &e);
    image->base = e.shift;
    image->entry = e.hdr->e_entry + e.shift;
    kfree(e.table);
    return err == -ENOEXEC ? -ELIBBAD : err;
}

static int add_interpreter(struct exec_image *image, const struct elf *e, const Elf64_Phdr *ph) {
    struct file *f;
    int err = open_interpreter(e, ph, &f);
    if (err)
        return err;
    char *head = kmalloc(EXEC_HEAD, GFP_KERNEL);
    err = head ? load_interpreter(image, f, head) : -ENOMEM;
    kfree(head);
    file_put(f);
    return err;
}

// What /proc/<pid>/stat and brk(2) go by: the program's, not its interpreter's.
static void set_landmarks(struct mm *mm, const struct elf *e) {
    mm->start_code = e->low + e->shift;
    mm->end_code = e->code_end;
    mm->start_data = e->data_start;
    mm->end_data = e->data_end;
    mm->start_brk = mm->brk = e->high + e->shift;
}

// Everything but the interpreter's segments is decided by the program's own headers.
static int load_program(struct exec_image *image, struct elf *e) {
    int err = read_phdrs(e, image->head, image->head_len);
    if (!err)
        err = survey(e);
    if (err)
        return err;
    if (e->hdr->e_type == ET_DYN)
        e->shift = DYN_BASE - e->low;
    if (e->high + e->shift > USER_END)
        return -ENOEXEC;
    err = map_segments(image->mm, e);
    if (err)
        return err;
    set_landmarks(image->mm, e);
    image->program_entry = image->entry = e->hdr->e_entry + e->shift;
    image->phdr = phdr_address(e);
    image->phent = sizeof(Elf64_Phdr);
    image->phnum = e->hdr->e_phnum;
    const Elf64_Phdr *interp = find_phdr(e, PT_INTERP);
    return interp ? add_interpreter(image, e, interp) : 0;
}

int exec_load_elf(struct exec_image *image) {
    struct elf e = {.file = image->file, .hdr = (Elf64_Ehdr *)image->head};
    if (!header_ok(e.hdr, image->head_len))
        return -ENOEXEC;
    int err = load_program(image, &e);
    kfree(e.table);
    return err;
}
