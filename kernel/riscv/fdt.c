// The flattened device tree, read in place (Devicetree Specification 0.4, chapter 5).
//
//   header | memory reservations | structure block | strings block
//
// The structure block is a sequence of 32-bit big-endian tokens: BEGIN_NODE name, PROP length
// name-offset value, END_NODE, NOP, END. A struct fdt_node is a cursor into it.
//
// Invariants
// 1. No access leaves the blob: every offset is checked against the block's end before it is used,
//    and names and strings are known to end inside their block. A damaged tree ends the walk.
// 2. node->path[0..depth] are the offsets of the BEGIN_NODE tokens from the root to the node. So a
//    parent is found without searching. Nodes deeper than FDT_DEPTH_MAX are passed over.
//
// Rejected: unpacking into a tree of structures. It needs an allocator before there is one, and
// boot reads each property once.
#include "riscv/fdt.h"

#include "abi/errno.h"
#include "lib/string.h"

enum fdt_token { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

#define FDT_MAGIC 0xd00dfeed
#define FDT_VERSION 17
#define FDT_SIZE_MAX (4u << 20)
#define BAD UINT32_MAX // an offset that no check lets pass

static const uint8_t *blob;
static uint32_t blob_size, struct_off, struct_size, strings_off, strings_size, rsvmap_off;

static uint32_t be32(const void *p) {
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t be64(const void *p) {
    return (uint64_t)be32(p) << 32 | be32((const uint8_t *)p + 4);
}

static bool block_fits(uint32_t off, uint32_t size) {
    return off <= blob_size && size <= blob_size - off;
}

int fdt_init(const void *tree) {
    blob = NULL;
    if (!tree || !IS_ALIGNED((uintptr_t)tree, 4) || be32(tree) != FDT_MAGIC)
        return -EINVAL;
    const uint8_t *h = tree;
    blob_size = be32(h + 4);
    struct_off = be32(h + 8);
    strings_off = be32(h + 12);
    rsvmap_off = be32(h + 16);
    strings_size = be32(h + 32);
    struct_size = be32(h + 36);
    if (blob_size < 40 || blob_size > FDT_SIZE_MAX || be32(h + 24) > FDT_VERSION ||
        be32(h + 20) < FDT_VERSION || !block_fits(struct_off, struct_size) ||
        !block_fits(strings_off, strings_size) || !IS_ALIGNED(struct_off, 4))
        return -EINVAL;
    if (strings_size && h[strings_off + strings_size - 1] != '\0')
        return -EINVAL;
    blob = tree;
    return 0;
}

size_t fdt_size(void) { return blob ? blob_size : 0; }

// The 32-bit word at an offset of the structure block; FDT_END outside it.
static uint32_t word_at(uint32_t off) {
    if (!blob || off > struct_size || struct_size - off < 4)
        return FDT_END;
    return be32(blob + struct_off + off);
}

static const char *node_name(uint32_t off) { return (const char *)blob + struct_off + off + 4; }

// Offset of the token after the one at off; BAD when it leaves the block.
static uint32_t next_token(uint32_t off) {
    uint32_t left = struct_size - off, size = 4;
    switch (word_at(off)) {
    case FDT_BEGIN_NODE: {
        size_t len = strnlen(node_name(off), left - 4);
        if (len == left - 4)
            return BAD;
        size = ALIGN_UP((uint32_t)len + 5, 4u);
        break;
    }
    case FDT_PROP: {
        if (left < 12)
            return BAD;
        uint32_t len = word_at(off + 4);
        if (len > left - 12)
            return BAD;
        size = ALIGN_UP(len + 12, 4u);
        break;
    }
    case FDT_END_NODE:
    case FDT_NOP:
        break;
    default:
        return BAD;
    }
    return size <= left ? off + size : BAD;
}

bool fdt_next_node(struct fdt_node *node) {
    // depth counts the open nodes around off; a node at FDT_DEPTH_MAX or deeper is only counted.
    uint32_t off = node->started ? next_token(node->offset) : 0;
    uint32_t depth = node->started ? node->depth + 1 : 0;
    for (; off != BAD; off = next_token(off)) {
        uint32_t token = word_at(off);
        if (token == FDT_END_NODE && depth > 0) {
            depth--;
        } else if (token == FDT_BEGIN_NODE) {
            if (depth < FDT_DEPTH_MAX)
                break;
            depth++;
        } else if (token != FDT_PROP && token != FDT_NOP) {
            return false;
        }
    }
    if (off == BAD || next_token(off) == BAD)
        return false;
    node->started = true;
    node->offset = off;
    node->depth = depth;
    node->path[depth] = off;
    node->parent = depth ? node->path[depth - 1] : off;
    node->name = node_name(off);
    return true;
}

// The property of the node whose BEGIN_NODE is at `node_off`.
static const void *prop_at(uint32_t node_off, const char *name, uint32_t *len) {
    uint32_t off = next_token(node_off);
    for (; off != BAD; off = next_token(off)) {
        uint32_t token = word_at(off);
        if (token == FDT_NOP)
            continue;
        if (token != FDT_PROP || next_token(off) == BAD)
            return NULL;
        uint32_t name_off = word_at(off + 8);
        if (name_off >= strings_size ||
            strcmp((const char *)blob + strings_off + name_off, name) != 0)
            continue;
        if (len)
            *len = word_at(off + 4);
        return blob + struct_off + off + 12;
    }
    return NULL;
}

const void *fdt_prop(const struct fdt_node *node, const char *name, uint32_t *len) {
    return node->started ? prop_at(node->offset, name, len) : NULL;
}

const char *fdt_prop_string(const struct fdt_node *node, const char *name) {
    uint32_t len;
    const char *s = fdt_prop(node, name, &len);
    return s && len > 0 && s[len - 1] == '\0' ? s : NULL;
}

bool fdt_prop_u32(const struct fdt_node *node, const char *name, uint32_t *out) {
    uint32_t len;
    const void *p = fdt_prop(node, name, &len);
    if (!p || len < 4)
        return false;
    *out = be32(p);
    return true;
}

// "compatible" is a list of strings, each with its end.
static bool has_compatible(const struct fdt_node *node, const char *compatible) {
    uint32_t len;
    const char *s = fdt_prop(node, "compatible", &len);
    size_t want = strlen(compatible);
    while (s && len > 0) {
        size_t n = strnlen(s, len);
        if (n == want && n < len && memcmp(s, compatible, n) == 0)
            return true;
        n = min(n + 1, (size_t)len);
        s += n;
        len -= (uint32_t)n;
    }
    return false;
}

static bool status_okay(const struct fdt_node *node) {
    const char *status = fdt_prop_string(node, "status");
    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

bool fdt_next_compatible(struct fdt_node *node, const char *compatible) {
    while (fdt_next_node(node))
        if (has_compatible(node, compatible) && status_okay(node))
            return true;
    return false;
}

bool fdt_find_phandle(uint32_t phandle, struct fdt_node *node) {
    uint32_t value;
    *node = (struct fdt_node){0};
    while (fdt_next_node(node))
        if (fdt_prop_u32(node, "phandle", &value) && value == phandle)
            return true;
    return false;
}

// A component of a path names a node with or without its unit address.
static bool name_matches(const char *name, const char *part, size_t n) {
    return strncmp(name, part, n) == 0 && (name[n] == '\0' || name[n] == '@');
}

bool fdt_find_path(const char *path, struct fdt_node *node) {
    *node = (struct fdt_node){0};
    if (!fdt_next_node(node))
        return false;
    while (*path == '/')
        path++;
    while (*path) {
        const char *slash = strchr(path, '/');
        size_t n = slash ? (size_t)(slash - path) : strlen(path);
        uint32_t parent = node->offset, depth = node->depth + 1;
        do {
            if (!fdt_next_node(node) || node->depth < depth)
                return false;
        } while (node->depth != depth || node->parent != parent ||
                 !name_matches(node->name, path, n));
        path += n;
        while (*path == '/')
            path++;
    }
    return true;
}

static uint32_t cells_at(uint32_t node_off, const char *name, uint32_t fallback) {
    uint32_t len;
    const void *p = prop_at(node_off, name, &len);
    return p && len >= 4 ? be32(p) : fallback;
}

static uint64_t read_cells(const uint8_t *p, uint32_t cells) {
    return cells == 0 ? 0 : cells == 1 ? be32(p) : be64(p + 4 * (cells - 2));
}

bool fdt_reg(const struct fdt_node *node, int i, uint64_t *addr, uint64_t *size) {
    uint32_t len;
    const uint8_t *reg = fdt_prop(node, "reg", &len);
    if (!reg || i < 0)
        return false;
    uint32_t address_cells = cells_at(node->parent, "#address-cells", 2);
    uint32_t size_cells = cells_at(node->parent, "#size-cells", 1);
    if (address_cells == 0 || address_cells > 4 || size_cells > 4)
        return false;
    uint64_t stride = 4 * (address_cells + size_cells);
    if (((uint64_t)i + 1) * stride > len)
        return false;
    reg += (uint64_t)i * stride;
    *addr = read_cells(reg, address_cells);
    *size = read_cells(reg + 4 * address_cells, size_cells);
    return true;
}

bool fdt_reservation(int i, uint64_t *addr, uint64_t *size) {
    uint64_t off = rsvmap_off + 16 * (uint64_t)i;
    if (!blob || i < 0 || off + 16 > blob_size)
        return false;
    *addr = be64(blob + off);
    *size = be64(blob + off + 8);
    return *addr || *size;
}
