/*
 * DWARF's line table (versions 2 to 5; DWARF 5, section 6.2): a program for a small machine that,
 * when run, yields rows (address, file, line) in rising order of addresses within a sequence.
 *
 *   unit:  header | directories, files | opcodes ...      one for each compiled source file
 *
 * An address belongs to the last row at or below it.  Everything is read with bounds: a table that
 * is damaged ends the search.
 */
#include "lines.h"
#include <stdio.h>
#include <string.h>

struct reader {
    const unsigned char *at, *end;
};

static uint64_t fixed(struct reader *r, size_t n)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < n) {
        r->at = r->end;
        return 0;
    }
    memcpy(&value, r->at, n); /* little endian, as the machine is */
    r->at += n;
    return value;
}

static uint64_t uleb(struct reader *r)
{
    uint64_t value = 0;
    unsigned char byte = 0x80;

    for (int shift = 0; byte & 0x80 && r->at < r->end; shift += 7) {
        byte = *r->at++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return value;
}

static int64_t sleb(struct reader *r)
{
    int64_t value = 0;
    unsigned char byte = 0x80;
    int shift = 0;

    for (; byte & 0x80 && r->at < r->end; shift += 7) {
        byte = *r->at++;
        if (shift < 64)
            value |= (int64_t)(byte & 0x7f) << shift;
    }
    return shift < 64 && byte & 0x40 ? value | -(1L << shift) : value;
}

static const char *string(struct reader *r)
{
    const unsigned char *start = r->at, *zero = memchr(r->at, 0, (size_t)(r->end - r->at));

    r->at = zero ? zero + 1 : r->end;
    return zero ? (const char *)start : "";
}

static const char *string_in(const struct section *s, uint64_t offset)
{
    struct reader r = {s->data, s->data + s->size};

    if (!s->data || offset >= s->size)
        return "";
    r.at += offset;
    return string(&r);
}

struct unit {
    const struct line_tables *tables;
    struct reader header, program; /* header: from the directories on */
    int version;
    unsigned min_length, line_range, opcode_base;
    int line_base;
    unsigned char lengths[256];
};

/* The next unit of *all. -1: there is none, or none that can be read. */
static int unit_read(struct unit *u, struct reader *all)
{
    if (all->end - all->at < 16)
        return -1;
    uint64_t length = fixed(all, 4);
    if (length >= 0xfffffff0 || length > (uint64_t)(all->end - all->at))
        return -1; /* the 64-bit format is for files beyond 4 GiB */
    struct reader r = {all->at, all->at + length};
    all->at += length;
    u->version = (int)fixed(&r, 2);
    if (u->version < 2 || u->version > 5)
        return -1;
    if (u->version >= 5)
        fixed(&r, 2); /* sizes of addresses and selectors */
    uint64_t header = fixed(&r, 4);
    if (header > (uint64_t)(r.end - r.at))
        return -1;
    u->program = (struct reader){r.at + header, r.end};
    r.end = r.at + header;
    u->min_length = (unsigned)fixed(&r, 1);
    if (u->version >= 4)
        fixed(&r, 1); /* operations of an instruction: 1 */
    fixed(&r, 1);     /* default_is_stmt */
    u->line_base = (signed char)fixed(&r, 1);
    u->line_range = (unsigned)fixed(&r, 1);
    u->opcode_base = (unsigned)fixed(&r, 1);
    for (unsigned i = 1; i < u->opcode_base; i++)
        u->lengths[i] = (unsigned char)fixed(&r, 1);
    u->header = r;
    return u->line_range && u->opcode_base ? 0 : -1;
}

/* ---- names */

enum { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };
enum { FORM_DATA2 = 5, FORM_DATA4, FORM_DATA8, FORM_STRING, FORM_BLOCK, FORM_DATA1 = 11,
       FORM_STRP = 14, FORM_UDATA, FORM_DATA16 = 30, FORM_LINE_STRP };

/* One value: its text, or its number. */
static const char *value(struct reader *r, const struct line_tables *t, uint64_t form, uint64_t *n)
{
    *n = 0;
    switch (form) {
    case FORM_STRING: return string(r);
    case FORM_LINE_STRP: return string_in(&t->line_str, fixed(r, 4));
    case FORM_STRP: return string_in(&t->str, fixed(r, 4));
    case FORM_UDATA: *n = uleb(r); break;
    case FORM_DATA1: *n = fixed(r, 1); break;
    case FORM_DATA2: *n = fixed(r, 2); break;
    case FORM_DATA4: *n = fixed(r, 4); break;
    case FORM_DATA8: *n = fixed(r, 8); break;
    case FORM_DATA16: fixed(r, 8), fixed(r, 8); break;
    case FORM_BLOCK: {
        uint64_t size = uleb(r);
        r->at += size < (uint64_t)(r->end - r->at) ? size : (uint64_t)(r->end - r->at);
        break;
    }
    default: r->at = r->end; /* unknown: what follows cannot be found */
    }
    return "";
}

/* Version 5: a table whose columns are described before it. Entry `wanted` or the last. */
static const char *entry5(struct reader *r, const struct line_tables *t, uint64_t wanted,
                          uint64_t *dir)
{
    unsigned columns = (unsigned)fixed(r, 1);
    struct reader format = *r;
    const char *name = "";

    for (unsigned i = 0; i < 2 * columns; i++)
        uleb(r);
    uint64_t count = uleb(r);
    for (uint64_t i = 0; i < count && r->at < r->end; i++) {
        struct reader f = format;
        for (unsigned c = 0; c < columns; c++) {
            uint64_t content = uleb(&f), n;
            const char *text = value(r, t, uleb(&f), &n);
            if (i == wanted && content == CONTENT_PATH)
                name = text;
            if (i == wanted && content == CONTENT_DIRECTORY)
                *dir = n;
        }
    }
    return name;
}

static const char *file_name5(const struct unit *u, uint64_t file, const char **dir)
{
    struct reader r = u->header, again = r;
    uint64_t d = 0, unused;

    entry5(&r, u->tables, 0, &unused);
    const char *name = entry5(&r, u->tables, file, &d);
    *dir = d ? entry5(&again, u->tables, d, &unused) : ""; /* 0: where the compiler ran */
    return name;
}

/* Versions 2 to 4: strings up to an empty one; numbers begin at 1. */
static const char *file_name2(const struct unit *u, uint64_t file, const char **dir)
{
    struct reader r = u->header, dirs = r;
    const char *name = "";
    uint64_t d = 0;

    while (*string(&r))
        ;
    for (uint64_t i = 1; i <= file; i++) {
        name = string(&r);
        d = uleb(&r);
        uleb(&r);
        uleb(&r);
        if (!*name)
            break;
    }
    *dir = "";
    for (uint64_t i = 1; i <= d; i++)
        *dir = string(&dirs);
    return name;
}

/* ---- the machine */

struct row {
    uint64_t address, file;
    uint64_t line;
    int end; /* of the sequence: the address is the first one behind it */
};

enum { OP_COPY = 1, OP_ADVANCE_PC, OP_ADVANCE_LINE, OP_SET_FILE, OP_CONST_ADD_PC = 8,
       OP_FIXED_ADVANCE_PC = 9 };
enum { EXT_END = 1, EXT_SET_ADDRESS };

static void extended(struct reader *r, struct row *row, int *emit)
{
    uint64_t size = uleb(r);
    struct reader op = {r->at, r->end};

    if (size > (uint64_t)(r->end - r->at))
        size = (uint64_t)(r->end - r->at);
    r->at += size;
    op.end = r->at;
    switch (fixed(&op, 1)) {
    case EXT_END:
        row->end = 1;
        *emit = 1;
        break;
    case EXT_SET_ADDRESS:
        row->address = fixed(&op, 8);
        break;
    }
}

static void standard(const struct unit *u, struct reader *r, unsigned op, struct row *row,
                     int *emit)
{
    switch (op) {
    case OP_COPY: *emit = 1; break;
    case OP_ADVANCE_PC: row->address += uleb(r) * u->min_length; break;
    case OP_ADVANCE_LINE: row->line += (uint64_t)sleb(r); break;
    case OP_SET_FILE: row->file = uleb(r); break;
    case OP_CONST_ADD_PC:
        row->address += (255 - u->opcode_base) / u->line_range * u->min_length;
        break;
    case OP_FIXED_ADVANCE_PC: row->address += fixed(r, 2); break;
    default:
        for (unsigned i = 0; i < u->lengths[op]; i++)
            uleb(r);
    }
}

/* Runs the unit's program until the address is between two rows. 0: *found is the lower one. */
static int run(const struct unit *u, uint64_t address, struct row *found)
{
    const struct row start = {.file = 1, .line = 1};
    struct row row = start, last = start;
    struct reader r = u->program;
    int have_last = 0;

    while (r.at < r.end) {
        unsigned op = (unsigned)fixed(&r, 1);
        int emit = 0;
        if (op >= u->opcode_base) {
            op -= u->opcode_base;
            row.address += op / u->line_range * u->min_length;
            row.line += (uint64_t)((int)(op % u->line_range) + u->line_base);
            emit = 1;
        } else if (op == 0) {
            extended(&r, &row, &emit);
        } else {
            standard(u, &r, op, &row, &emit);
        }
        if (!emit)
            continue;
        if (have_last && last.address <= address && address < row.address) {
            *found = last;
            return 0;
        }
        have_last = !row.end;
        last = row;
        if (row.end)
            row = start;
    }
    return -1;
}

int line_find(const struct line_tables *t, uint64_t address, char *file, size_t size,
              unsigned *line)
{
    struct reader all = {t->line.data, t->line.data + t->line.size};
    struct unit u = {.tables = t};
    const char *dir, *name;
    struct row row;

    while (t->line.data && unit_read(&u, &all) == 0) {
        if (run(&u, address, &row) < 0)
            continue;
        name = (u.version >= 5 ? file_name5 : file_name2)(&u, row.file, &dir);
        snprintf(file, size, "%s%s%s", *name == '/' ? "" : dir, *dir && *name != '/' ? "/" : "",
                 name);
        *line = (unsigned)row.line;
        return 0;
    }
    return -1;
}
