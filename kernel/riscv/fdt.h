// Flattened device tree, read in place (Devicetree Specification 0.4, chapter 5). Every access is
// bounds-checked: a damaged tree gives "not found", never a wild read.
#pragma once

#include "lib/compiler.h"

#define FDT_DEPTH_MAX 16 // nodes nested deeper are not seen

struct fdt_node {
    const char *name; // "serial@10000000"
    uint32_t offset;  // of its FDT_BEGIN_NODE in the structure block
    uint32_t parent;  // offset of the parent's
    uint32_t depth;   // of the root: 0
    uint32_t path[FDT_DEPTH_MAX]; // offsets of the node and all above it, root first
    bool started;     // false: the next step finds the root
};

// Checks magic, version and block bounds. 0 or -EINVAL.
int __must_check fdt_init(const void *blob);
size_t fdt_size(void); // bytes of the blob
// Walks all nodes in order, from a zeroed node.
bool fdt_next_node(struct fdt_node *node);
bool fdt_find_path(const char *path, struct fdt_node *node);
// Next node after *node (zeroed: from the start) whose "compatible" list has the string and whose
// status is okay.
bool fdt_next_compatible(struct fdt_node *node, const char *compatible);
bool fdt_find_phandle(uint32_t phandle, struct fdt_node *node);
// The value and its length (len may be NULL); NULL if absent.
const void *fdt_prop(const struct fdt_node *node, const char *name, uint32_t *len);
const char *fdt_prop_string(const struct fdt_node *node, const char *name);
bool fdt_prop_u32(const struct fdt_node *node, const char *name, uint32_t *out);
// The i-th (address, size) of "reg", decoded by the parent's #address-cells and #size-cells.
bool fdt_reg(const struct fdt_node *node, int i, uint64_t *addr, uint64_t *size);
// The i-th memory reservation of the header. False past the end.
bool fdt_reservation(int i, uint64_t *addr, uint64_t *size);
