// Directories: entries in the directory's own pages.
//
//   block:  | inode rec_len name_len type name... | inode rec_len ... | ... to the block's end
//
// Invariants: entries fill each block exactly; no entry crosses a block; rec_len is a multiple of 4
// and has room for the name; an entry with inode 0 is free, and so is what lies behind a name
// inside its rec_len. Removing joins an entry to the one before it (or clears its inode when it is
// first). Every entry is checked when it is read: a damaged block gives -EIO, never a wild pointer.
//
// Hashed directories (EXT2_FLAG_INDEX) are valid linear ones; the index is dropped by clearing the
// flag at the first change. Locks: the directory's inode lock; pages are stable under it.
#include "fs/ext2/ext2_internal.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "lib/string.h"

struct dir_cursor {
    struct inode *dir;
    uint64_t pos;              // of de
    uint64_t next;             // of the entry after it
    struct page *page;         // held, of de
    struct ext2_dirent *de;
    struct ext2_dirent *prev;  // in the same block, or NULL
};

static size_t entry_size(size_t name_len) {
    return ALIGN_UP(sizeof(struct ext2_dirent) + name_len, 4);
}

static void cursor_end(struct dir_cursor *c) {
    if (c->page)
        page_put(c->page);
    c->page = NULL;
}

static bool entry_valid(const struct ext2_sb *sb, const struct ext2_dirent *de, uint64_t pos) {
    uint32_t room = sb->block_size - (uint32_t)(pos % sb->block_size);
    return room >= entry_size(1) && de->rec_len >= entry_size(de->inode ? de->name_len : 0) &&
           de->rec_len % 4 == 0 && de->rec_len <= room && de->inode <= sb->inodes_count &&
           (de->inode == 0 || de->name_len > 0);
}

// Steps to the next entry, free ones included. 1, 0 at the end, -errno.
static int cursor_next(struct dir_cursor *c) {
    struct ext2_sb *sb = ext2_sb(c->dir->super);
    if (c->next >= inode_size(c->dir))
        return 0;
    c->prev = c->next % sb->block_size ? c->de : NULL;
    c->pos = c->next;
    if (!c->page || c->page->index != c->pos >> PAGE_SHIFT) {
        cursor_end(c);
        int err = page_cache_get(&c->dir->mapping, c->pos >> PAGE_SHIFT, NULL, &c->page);
        if (err) {
            c->page = NULL;
            return err;
        }
    }
    c->de = (struct ext2_dirent *)((char *)page_to_virt(c->page) + c->pos % PAGE_SIZE);
    if (!entry_valid(sb, c->de, c->pos))
        return ext2_error(sb, "directory %lu is damaged at byte %lu", c->dir->ino, c->pos);
    c->next = c->pos + c->de->rec_len;
    return 1;
}

// Points the cursor at the entry of that name: 0 (cursor_end to be called), -ENOENT, -errno.
static int cursor_find(struct dir_cursor *c, struct inode *dir, const char *name, size_t len) {
    *c = (struct dir_cursor){.dir = dir};
    int r;
    while ((r = cursor_next(c)) > 0)
        if (c->de->inode && c->de->name_len == len && memcmp(c->de->name, name, len) == 0)
            return 0;
    cursor_end(c);
    return r ? r : -ENOENT;
}

int ext2_dir_find(struct inode *dir, const char *name, size_t len, uint32_t *ino) {
    struct dir_cursor c;
    int err = cursor_find(&c, dir, name, len);
    if (err)
        return err;
    *ino = c.de->inode;
    cursor_end(&c);
    return 0;
}

static uint8_t entry_type(const struct ext2_sb *sb, uint32_t mode) {
    static const uint8_t type_of[16] = {
        [S_IFREG >> 12] = 1, [S_IFDIR >> 12] = 2,  [S_IFCHR >> 12] = 3, [S_IFBLK >> 12] = 4,
        [S_IFIFO >> 12] = 5, [S_IFSOCK >> 12] = 6, [S_IFLNK >> 12] = 7,
    };
    return sb->filetype ? type_of[mode >> 12 & 15] : 0;
}

static void changed(struct inode *dir, struct page *page) {
    ext2_info(dir)->flags &= ~EXT2_FLAG_INDEX;
    page_mark_dirty(page);
    inode_touch(dir, INODE_MTIME | INODE_CTIME);
}

static void fill_entry(struct ext2_dirent *de, const char *name, size_t len, struct inode *inode) {
    de->inode = (uint32_t)inode->ino;
    de->name_len = (uint8_t)len;
    de->file_type = entry_type(ext2_sb(inode->super), inode->mode);
    memcpy(de->name, name, len);
}

// Appends a block that is one free entry. *page is held on success.
static int grow(struct inode *dir, struct page **page, struct ext2_dirent **de) {
    struct ext2_sb *sb = ext2_sb(dir->super);
    uint64_t pos = inode_size(dir);
    uint32_t offset = (uint32_t)(pos % PAGE_SIZE);
    if (pos + sb->block_size > INT32_MAX)
        return -ENOSPC;
    int err = offset ? page_cache_get(&dir->mapping, pos >> PAGE_SHIFT, NULL, page) : 0;
    if (err)
        return err;
    if (offset)
        page_lock(*page);
    else
        err = page_cache_grab(&dir->mapping, pos >> PAGE_SHIFT, page);
    if (err)
        return err;
    err = ext2_mapping_ops.prepare_write(&dir->mapping, *page, offset, offset + sb->block_size);
    if (err) {
        page_unlock(*page);
        page_put(*page);
        return err;
    }
    char *start = (char *)page_to_virt(*page) + offset;
    memset(start, 0, PAGE_SIZE - offset);
    *de = (struct ext2_dirent *)start;
    (*de)->rec_len = (uint16_t)sb->block_size;
    page_set(*page, PG_UPTODATE);
    atomic_store(&dir->mapping.size, pos + sb->block_size);
    page_mark_dirty(*page);
    page_unlock(*page);
    inode_mark_dirty(dir);
    return 0;
}

// Room behind de's own name (all of it when de is free) for `need` bytes: makes it an entry.
static struct ext2_dirent *carve(struct ext2_dirent *de, size_t need) {
    size_t used = de->inode ? entry_size(de->name_len) : 0;
    if (de->rec_len < used + need)
        return NULL;
    if (used == 0)
        return de;
    struct ext2_dirent *rest = (struct ext2_dirent *)((char *)de + used);
    rest->rec_len = (uint16_t)(de->rec_len - used);
    rest->inode = 0;
    de->rec_len = (uint16_t)used;
    return rest;
}

int ext2_dir_add(struct inode *dir, const char *name, size_t len, struct inode *inode) {
    if (len > EXT2_NAME_MAX)
        return -ENAMETOOLONG;
    struct dir_cursor c = {.dir = dir};
    struct ext2_dirent *room = NULL;
    int r;
    while (!room && (r = cursor_next(&c)) > 0)
        room = carve(c.de, entry_size(len));
    struct page *page = c.page;
    if (!room) {
        cursor_end(&c);
        if (r == 0)
            r = grow(dir, &page, &room);
        if (r < 0)
            return r;
        room = carve(room, entry_size(len));
        assert(room);
    }
    fill_entry(room, name, len, inode);
    changed(dir, page);
    page_put(page);
    return 0;
}

int ext2_dir_remove(struct inode *dir, const char *name, size_t len) {
    struct dir_cursor c;
    int err = cursor_find(&c, dir, name, len);
    if (err)
        return err;
    if (c.prev)
        c.prev->rec_len = (uint16_t)(c.prev->rec_len + c.de->rec_len);
    c.de->inode = 0;
    changed(dir, c.page);
    cursor_end(&c);
    return 0;
}

int ext2_dir_set(struct inode *dir, const char *name, size_t len, struct inode *inode) {
    struct dir_cursor c;
    int err = cursor_find(&c, dir, name, len);
    if (err)
        return err;
    c.de->inode = (uint32_t)inode->ino;
    c.de->file_type = entry_type(ext2_sb(dir->super), inode->mode);
    changed(dir, c.page);
    cursor_end(&c);
    return 0;
}

int ext2_dir_init(struct inode *dir, struct inode *parent) {
    int err = ext2_dir_add(dir, ".", 1, dir);
    return err ? err : ext2_dir_add(dir, "..", 2, parent);
}

int ext2_dir_is_empty(struct inode *dir) {
    struct dir_cursor c = {.dir = dir};
    int r;
    while ((r = cursor_next(&c)) > 0) {
        const struct ext2_dirent *de = c.de;
        bool dots =
            de->name[0] == '.' && (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
        if (de->inode && !dots) {
            r = -ENOTEMPTY;
            break;
        }
    }
    cursor_end(&c);
    return r;
}

static uint8_t dirent_type(const struct ext2_dirent *de, const struct ext2_sb *sb) {
    static const uint8_t dt_of[8] = {DT_UNKNOWN, DT_REG,  DT_DIR,  DT_CHR,
                                     DT_BLK,     DT_FIFO, DT_SOCK, DT_LNK};
    return sb->filetype ? dt_of[de->file_type & 7] : DT_UNKNOWN;
}

// f->pos is a byte position; after the directory changed it may lie inside an entry, so the walk
// starts at the block's beginning and skips what lies before it.
static int ext2_readdir(struct file *f, struct dir_sink *sink) {
    struct inode *dir = f->inode;
    struct ext2_sb *sb = ext2_sb(dir->super);
    struct dir_cursor c = {.dir = dir, .next = ALIGN_DOWN((uint64_t)f->pos, sb->block_size)};
    int r;
    while ((r = cursor_next(&c)) > 0) {
        if ((off_t)c.pos < f->pos)
            continue;
        if (c.de->inode && !sink->emit(sink, c.de->name, c.de->name_len, c.de->inode,
                                       dirent_type(c.de, sb), (off_t)c.next))
            break;
        f->pos = (off_t)c.next;
    }
    cursor_end(&c);
    return min(r, 0);
}

const struct file_ops ext2_dir_file_ops = {
    .seek = directory_seek,
    .readdir = ext2_readdir,
};
