// mkfs [-b block] [-s size] [-i bytes-per-inode] [-T time] [-L label] [-l list] -o image dir...
//
// Makes a new ext2 file system in `image`, with the contents of each dir (in order, later ones win)
// and of the list (list.c). Everything that could differ between two runs is fixed: identifiers,
// hash seed, times, owners, order of allocation. Equal input gives an equal image, byte for byte.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mkfs.h"

void die(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    fputs("mkfs: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void check(errcode_t err, const char *what, const char *name) {
    if (err)
        die("%s %s: %s", what, name, error_message(err));
}

struct options {
    const char *output, *list, *label;
    uint64_t size, block, bytes_per_inode, time;
};

static uint64_t parse_number(const char *s) {
    char *end;
    errno = 0;
    uint64_t n = strtoull(s, &end, 10);
    uint64_t unit = *end == 'K' ? 1 << 10 : *end == 'M' ? 1 << 20 : *end == 'G' ? 1 << 30 : 1;
    if (errno || end == s || (*end && (unit == 1 || end[1])))
        die("'%s' is not a number (128, 64M, 1G)", s);
    return n * unit;
}

static void fill_params(struct ext2_super_block *p, const struct options *o) {
    memset(p, 0, sizeof(*p));
    uint32_t log = o->block == 4096 ? 2 : o->block == 2048 ? 1 : 0;
    p->s_log_block_size = p->s_log_cluster_size = log;
    ext2fs_blocks_count_set(p, o->size / o->block);
    p->s_rev_level = EXT2_DYNAMIC_REV;
    p->s_inode_size = 128;
    p->s_inodes_count = o->size / o->bytes_per_inode < 64 ? 64 : o->size / o->bytes_per_inode;
    p->s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE;
    p->s_feature_ro_compat =
        EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    p->s_errors = EXT2_ERRORS_CONTINUE;
}

// Identifiers that e2fsprogs would draw at random, from the label instead.
static void fix_identity(struct image *im, const char *label) {
    struct ext2_super_block *s = im->fs->super;
    static const uint8_t uuid[16] = "xv39-root-image";
    memcpy(s->s_uuid, uuid, sizeof(uuid));
    memcpy(s->s_hash_seed, uuid, sizeof(s->s_hash_seed));
    memset(s->s_volume_name, 0, sizeof(s->s_volume_name));
    memcpy(s->s_volume_name, label, strnlen(label, sizeof(s->s_volume_name)));
    s->s_mkfs_time = s->s_lastcheck = s->s_wtime = im->time;
    s->s_max_mnt_count = -1;
    s->s_checkinterval = 0;
}

static void open_image(struct image *im, const struct options *o) {
    unlink(o->output);
    int fd = open(o->output, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)o->size) < 0)
        die("%s: %s", o->output, strerror(errno));
    close(fd);
    struct ext2_super_block params;
    fill_params(&params, o);
    check(ext2fs_initialize(o->output, EXT2_FLAG_RW, &params, unix_io_manager, &im->fs),
          "making", o->output);
    im->fs->now = (time_t)o->time;
    im->time = (uint32_t)o->time;
    fix_identity(im, o->label);
    check(ext2fs_allocate_tables(im->fs), "tables of", o->output);
    for (dgrp_t g = 0; g < im->fs->group_desc_count; g++) {
        blk64_t start = ext2fs_inode_table_loc(im->fs, g);
        check(ext2fs_zero_blocks2(im->fs, start, (int)im->fs->inode_blocks_per_group, NULL, NULL),
              "clearing inodes of", o->output);
    }
}

static void make_root(struct image *im) {
    check(ext2fs_mkdir(im->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL), "making", "/");
    for (ext2_ino_t i = 1; i < EXT2_FIRST_INODE(im->fs->super); i++)
        if (i != EXT2_ROOT_INO)
            ext2fs_inode_alloc_stats2(im->fs, i, 1, 0);
    image_set_attributes(im, "/", (struct attributes){0755, 0, 0});
    image_mkdir(im, "/lost+found", (struct attributes){0700, 0, 0});
}

static void parse_options(int argc, char **argv, struct options *o) {
    *o = (struct options){.size = 64 << 20, .block = 4096, .bytes_per_inode = 8192, .label = "xv39",
                          .time = 946684800}; // 2000-01-01: libext2fs takes 0 for "now";
    int c;
    while ((c = getopt(argc, argv, "b:s:i:T:L:l:o:")) != -1) {
        switch (c) {
        case 'b': o->block = parse_number(optarg); break;
        case 's': o->size = parse_number(optarg); break;
        case 'i': o->bytes_per_inode = parse_number(optarg); break;
        case 'T': o->time = parse_number(optarg); break;
        case 'L': o->label = optarg; break;
        case 'l': o->list = optarg; break;
        case 'o': o->output = optarg; break;
        default: die("usage: mkfs [-b block] [-s size] [-i bytes-per-inode] [-T time] [-L label] "
                     "[-l list] -o image dir...");
        }
    }
    if (!o->output)
        die("no image named (-o)");
    if (o->block != 1024 && o->block != 2048 && o->block != 4096)
        die("block size must be 1024, 2048 or 4096");
    if (o->bytes_per_inode < 1024)
        die("at least 1024 bytes for each inode");
    if (o->time == 0)
        die("time 0 would mean now");
    if (o->size < 64 * o->block)
        die("size %llu is too small", (unsigned long long)o->size);
}

int main(int argc, char **argv) {
    struct options o;
    struct image im;
    initialize_ext2_error_table();
    parse_options(argc, argv, &o);
    open_image(&im, &o);
    make_root(&im);
    for (int i = optind; i < argc; i++)
        image_add_tree(&im, "/", argv[i]);
    if (o.list)
        image_add_list(&im, o.list);
    im.fs->super->s_wtime = im.time;
    check(ext2fs_close_free(&im.fs), "writing", o.output);
    return 0;
}
