// mkfs: builds an ext2 image from directories and a list, on libext2fs.
#pragma once

#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <stdint.h>

// All times in the image: given by -T, so that equal input gives equal bytes.
struct image {
    ext2_filsys fs;
    uint32_t time;
};

__attribute__((noreturn)) void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Ends the program with libext2fs' words when err is not 0.
void check(errcode_t err, const char *what, const char *name);

// tree.c: objects of the image. Paths are absolute in it; parents must exist.
struct attributes {
    uint32_t mode; // permission bits only
    uint32_t uid, gid;
};
ext2_ino_t image_lookup(struct image *im, const char *path); // 0: not there
ext2_ino_t image_mkdir(struct image *im, const char *path, struct attributes a);
ext2_ino_t image_add_file(struct image *im, const char *path, const char *source,
                          struct attributes a);
void image_add_symlink(struct image *im, const char *path, const char *target);
void image_add_node(struct image *im, const char *path, uint32_t type, uint32_t major,
                    uint32_t minor, struct attributes a);
void image_hard_link(struct image *im, const char *path, ext2_ino_t ino);
void image_set_attributes(struct image *im, const char *path, struct attributes a);
// Copies a directory of the host, sorted by name, owned by root; later trees replace equal files.
void image_add_tree(struct image *im, const char *path, const char *source);

// list.c: device nodes, empty directories, owners: one a line.
void image_add_list(struct image *im, const char *list_file);
