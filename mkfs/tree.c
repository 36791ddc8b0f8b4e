// Objects of the image: directories, files, links, nodes; and the copy of a host directory.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkfs.h"

ext2_ino_t image_lookup(struct image *im, const char *path) {
    ext2_ino_t ino;
    return ext2fs_namei(im->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &ino) ? 0 : ino;
}

// Splits "/a/b" into the inode of "/a" and "b".
static ext2_ino_t find_parent(struct image *im, const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    if (!slash || !slash[1])
        die("%s: not an absolute name", path);
    *name = slash + 1;
    if (slash == path)
        return EXT2_ROOT_INO;
    char *dir = strndup(path, (size_t)(slash - path));
    ext2_ino_t parent = image_lookup(im, dir);
    if (!parent)
        die("%s: %s is not in the image", path, dir);
    free(dir);
    return parent;
}

static void link_inode(struct image *im, const char *path, ext2_ino_t ino, int file_type) {
    const char *name;
    ext2_ino_t parent = find_parent(im, path, &name);
    errcode_t err = ext2fs_link(im->fs, parent, name, ino, file_type);
    if (err == EXT2_ET_DIR_NO_SPACE) {
        check(ext2fs_expand_dir(im->fs, parent), "growing the directory of", path);
        err = ext2fs_link(im->fs, parent, name, ino, file_type);
    }
    check(err, "linking", path);
}

static void set_times(struct image *im, struct ext2_inode *inode) {
    inode->i_atime = inode->i_ctime = inode->i_mtime = im->time;
}

static void set_owner(struct ext2_inode *inode, struct attributes a) {
    inode->i_mode = (uint16_t)((inode->i_mode & S_IFMT) | (a.mode & 07777));
    inode->i_uid = (uint16_t)a.uid;
    ext2fs_set_i_uid_high(*inode, (uint16_t)(a.uid >> 16));
    inode->i_gid = (uint16_t)a.gid;
    ext2fs_set_i_gid_high(*inode, (uint16_t)(a.gid >> 16));
}

void image_set_attributes(struct image *im, const char *path, struct attributes a) {
    ext2_ino_t ino = image_lookup(im, path);
    struct ext2_inode inode;
    if (!ino)
        die("%s: not in the image", path);
    check(ext2fs_read_inode(im->fs, ino, &inode), "reading", path);
    set_owner(&inode, a);
    set_times(im, &inode);
    check(ext2fs_write_inode(im->fs, ino, &inode), "writing", path);
}

ext2_ino_t image_mkdir(struct image *im, const char *path, struct attributes a) {
    ext2_ino_t ino = image_lookup(im, path);
    if (!ino) {
        const char *name;
        ext2_ino_t parent = find_parent(im, path, &name);
        errcode_t err = ext2fs_mkdir(im->fs, parent, 0, name);
        if (err == EXT2_ET_DIR_NO_SPACE) {
            check(ext2fs_expand_dir(im->fs, parent), "growing the directory of", path);
            err = ext2fs_mkdir(im->fs, parent, 0, name);
        }
        check(err, "making", path);
    }
    image_set_attributes(im, path, a);
    return image_lookup(im, path);
}

// A name that a later tree brings again loses its old object.
static void remove_existing(struct image *im, const char *path) {
    ext2_ino_t ino = image_lookup(im, path);
    if (!ino)
        return;
    struct ext2_inode inode;
    const char *name;
    ext2_ino_t parent = find_parent(im, path, &name);
    check(ext2fs_read_inode(im->fs, ino, &inode), "reading", path);
    if (LINUX_S_ISDIR(inode.i_mode))
        die("%s: a directory is in the way", path);
    check(ext2fs_unlink(im->fs, parent, name, ino, 0), "removing", path);
    if (--inode.i_links_count == 0) {
        if (ext2fs_inode_has_valid_blocks2(im->fs, &inode))
            check(ext2fs_punch(im->fs, ino, &inode, NULL, 0, ~0ULL), "freeing", path);
        inode.i_dtime = im->time;
        ext2fs_inode_alloc_stats2(im->fs, ino, -1, 0);
    }
    check(ext2fs_write_inode(im->fs, ino, &inode), "writing", path);
}

static ext2_ino_t new_inode(struct image *im, const char *path, struct ext2_inode *inode) {
    const char *name;
    ext2_ino_t ino, parent = find_parent(im, path, &name);
    check(ext2fs_new_inode(im->fs, parent, inode->i_mode, 0, &ino), "an inode for", path);
    inode->i_links_count = 1;
    set_times(im, inode);
    ext2fs_inode_alloc_stats2(im->fs, ino, 1, 0);
    check(ext2fs_write_new_inode(im->fs, ino, inode), "writing", path);
    // write_new_inode may put in its own times
    check(ext2fs_write_inode(im->fs, ino, inode), "writing", path);
    return ino;
}

static void copy_contents(struct image *im, ext2_ino_t ino, const char *source) {
    int fd = open(source, O_RDONLY);
    ext2_file_t out;
    if (fd < 0)
        die("%s: %s", source, strerror(errno));
    check(ext2fs_file_open(im->fs, ino, EXT2_FILE_WRITE, &out), "opening", source);
    static char buf[1 << 16];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        for (char *p = buf; p < buf + n;) {
            unsigned int done;
            check(ext2fs_file_write(out, p, (unsigned int)(buf + n - p), &done), "copying", source);
            p += done;
        }
    }
    if (n < 0)
        die("%s: %s", source, strerror(errno));
    check(ext2fs_file_close(out), "closing", source);
    close(fd);
}

ext2_ino_t image_add_file(struct image *im, const char *path, const char *source,
                          struct attributes a) {
    remove_existing(im, path);
    struct ext2_inode inode = {.i_mode = LINUX_S_IFREG};
    set_owner(&inode, a);
    ext2_ino_t ino = new_inode(im, path, &inode);
    copy_contents(im, ino, source);
    link_inode(im, path, ino, EXT2_FT_REG_FILE);
    image_set_attributes(im, path, a);
    return ino;
}

void image_hard_link(struct image *im, const char *path, ext2_ino_t ino) {
    struct ext2_inode inode;
    remove_existing(im, path);
    check(ext2fs_read_inode(im->fs, ino, &inode), "reading", path);
    inode.i_links_count++;
    check(ext2fs_write_inode(im->fs, ino, &inode), "writing", path);
    link_inode(im, path, ino, EXT2_FT_REG_FILE);
}

void image_add_symlink(struct image *im, const char *path, const char *target) {
    remove_existing(im, path);
    const char *name;
    ext2_ino_t parent = find_parent(im, path, &name);
    errcode_t err = ext2fs_symlink(im->fs, parent, 0, name, target);
    if (err == EXT2_ET_DIR_NO_SPACE) {
        check(ext2fs_expand_dir(im->fs, parent), "growing the directory of", path);
        err = ext2fs_symlink(im->fs, parent, 0, name, target);
    }
    check(err, "linking", path);
    ext2_ino_t ino;
    struct ext2_inode inode;
    check(ext2fs_lookup(im->fs, parent, name, (int)strlen(name), NULL, &ino), "finding", path);
    check(ext2fs_read_inode(im->fs, ino, &inode), "reading", path);
    set_times(im, &inode);
    check(ext2fs_write_inode(im->fs, ino, &inode), "writing", path);
}

void image_add_node(struct image *im, const char *path, uint32_t type, uint32_t major,
                    uint32_t minor, struct attributes a) {
    remove_existing(im, path);
    struct ext2_inode inode = {.i_mode = (uint16_t)type};
    int file_type = type == LINUX_S_IFCHR   ? EXT2_FT_CHRDEV
                    : type == LINUX_S_IFBLK ? EXT2_FT_BLKDEV
                                            : EXT2_FT_FIFO;
    if (major < 256 && minor < 256)
        inode.i_block[0] = major << 8 | minor;
    else
        inode.i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
    set_owner(&inode, a);
    link_inode(im, path, new_inode(im, path, &inode), file_type);
}

// Hard links of the host stay hard links: (device, inode) seen -> inode of the image.
static struct seen {
    dev_t dev;
    ino_t ino;
    ext2_ino_t image_ino;
} *seen;
static size_t seen_count;

static ext2_ino_t find_seen(const struct stat *st) {
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].dev == st->st_dev && seen[i].ino == st->st_ino)
            return seen[i].image_ino;
    return 0;
}

static void add_regular(struct image *im, const char *path, const char *source,
                        const struct stat *st) {
    ext2_ino_t known = st->st_nlink > 1 ? find_seen(st) : 0;
    if (known) {
        image_hard_link(im, path, known);
        return;
    }
    // The host's umask must not show: executable or not is all that is taken over.
    struct attributes a = {st->st_mode & 0100 ? 0755 : 0644, 0, 0};
    ext2_ino_t ino = image_add_file(im, path, source, a);
    if (st->st_nlink > 1) {
        seen = realloc(seen, (seen_count + 1) * sizeof(*seen));
        seen[seen_count++] = (struct seen){st->st_dev, st->st_ino, ino};
    }
}

static void add_entry(struct image *im, const char *path, const char *source) {
    struct stat st;
    if (lstat(source, &st) < 0)
        die("%s: %s", source, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        image_mkdir(im, path, (struct attributes){0755, 0, 0});
        image_add_tree(im, path, source);
    } else if (S_ISREG(st.st_mode)) {
        add_regular(im, path, source, &st);
    } else if (S_ISLNK(st.st_mode)) {
        char target[PATH_MAX];
        ssize_t n = readlink(source, target, sizeof(target) - 1);
        if (n < 0)
            die("%s: %s", source, strerror(errno));
        target[n] = 0;
        image_add_symlink(im, path, target);
    } else {
        die("%s: device nodes belong into the list (-l)", source);
    }
}

static int not_dots(const struct dirent *d) {
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

void image_add_tree(struct image *im, const char *path, const char *source) {
    struct dirent **entry;
    int n = scandir(source, &entry, not_dots, by_bytes);
    if (n < 0)
        die("%s: %s", source, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *to, *from;
        if (asprintf(&to, "%s/%s", strcmp(path, "/") ? path : "", entry[i]->d_name) < 0 ||
            asprintf(&from, "%s/%s", source, entry[i]->d_name) < 0)
            die("out of memory");
        add_entry(im, to, from);
        free(to);
        free(from);
        free(entry[i]);
    }
    free(entry);
}
