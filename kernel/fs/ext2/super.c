// Mounting: reading and checking the super block and the group descriptors, both pinned in the
// cache while mounted.
//
// Whatever a damaged or hostile image says is checked here once, so that the other files may rely
// on it: sizes are powers of two in range, groups cover the disk, bitmaps and tables lie inside it.
// A feature that we do not know is refused by name (incompatible) or makes the mount read-only
// (compatible for readers).
//
// While mounted read-write, the "clean" bit of the state is off on the disk; unmounting sets it
// again unless errors were found.
#include "fs/ext2/ext2.h"
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"
#include "abi/mount.h"
#include "klog/printk.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

int ext2_error(struct ext2_sb *sb, const char *fmt, ...) {
    char text[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    uint64_t hash = hash_bytes(text, strlen(text));
    if (READ_ONCE(sb->last_error) != hash)
        pr_err("ext2: %s: %s; run e2fsck\n", sb->dev->name, text);
    WRITE_ONCE(sb->last_error, hash);
    if (sb->disk && !(sb->super->flags & MS_RDONLY)) {
        sb->disk->s_state |= EXT2_STATE_ERRORS;
        buffer_dirty(&sb->super_buf);
    }
    return -EIO;
}

struct feature {
    uint32_t bit;
    const char *name;
};

static const struct feature incompat_features[] = {
    {0x1, "compression"},  {0x4, "needs_recovery"}, {0x8, "journal_dev"}, {0x10, "meta_bg"},
    {0x40, "extents"},     {0x80, "64bit"},         {0x100, "mmp"},       {0x200, "flex_bg"},
    {0x400, "ea_inode"},   {0x1000, "dirdata"},     {0x2000, "csum_seed"}, {0x4000, "largedir"},
    {0x8000, "inline_data"}, {0x10000, "encrypt"},  {0x20000, "casefold"},
};

static const struct feature ro_features[] = {
    {0x4, "btree_dir"},   {0x8, "huge_file"},   {0x10, "uninit_bg"},    {0x20, "dir_nlink"},
    {0x40, "extra_isize"}, {0x80, "has_snapshot"}, {0x100, "quota"},    {0x200, "bigalloc"},
    {0x400, "metadata_csum"}, {0x1000, "readonly"}, {0x2000, "project"}, {0x8000, "verity"},
};

static const char *feature_name(const struct feature *f, size_t n, uint32_t bits) {
    for (size_t i = 0; i < n; i++)
        if (f[i].bit & bits)
            return f[i].name;
    return "unknown";
}

// 0, -EINVAL for what we cannot read, -EROFS for what we may only read.
static int check_features(struct ext2_sb *sb, bool readonly) {
    const struct ext2_disk_super *d = sb->disk;
    if (d->s_rev_level == 0)
        return 0;
    uint32_t incompat = d->s_feature_incompat & ~(uint32_t)EXT2_INCOMPAT_FILETYPE;
    if (incompat) {
        pr_err("ext2: %s: feature %s (incompat %#x) is not supported\n", sb->dev->name,
               feature_name(incompat_features, ARRAY_SIZE(incompat_features), incompat), incompat);
        return -EINVAL;
    }
    uint32_t ro = d->s_feature_ro_compat &
                  ~(uint32_t)(EXT2_ROCOMPAT_SPARSE_SUPER | EXT2_ROCOMPAT_LARGE_FILE);
    if (ro && !readonly) {
        pr_err("ext2: %s: feature %s (ro_compat %#x) allows reading only: mount with ro\n",
               sb->dev->name, feature_name(ro_features, ARRAY_SIZE(ro_features), ro), ro);
        return -EROFS;
    }
    return 0;
}

// Copies the geometry and checks it. NULL, or what is wrong in words.
static const char *load_geometry(struct ext2_sb *sb) {
    const struct ext2_disk_super *d = sb->disk;
    if (d->s_log_block_size > 2)
        return "block size above 4 KiB";
    sb->block_size = 1024u << d->s_log_block_size;
    sb->blocks_count = d->s_blocks_count;
    sb->inodes_count = d->s_inodes_count;
    sb->blocks_per_group = d->s_blocks_per_group;
    sb->inodes_per_group = d->s_inodes_per_group;
    sb->first_data_block = d->s_first_data_block;
    sb->inode_size = d->s_rev_level ? d->s_inode_size : 128;
    sb->first_ino = d->s_rev_level ? d->s_first_ino : 11;
    sb->addrs_per_block = sb->block_size / 4;
    sb->filetype = d->s_rev_level && d->s_feature_incompat & EXT2_INCOMPAT_FILETYPE;
    uint32_t bits = sb->block_size * 8;
    if (sb->inode_size < 128 || sb->inode_size > sb->block_size ||
        sb->inode_size & (sb->inode_size - 1))
        return "bad inode size";
    if (sb->blocks_per_group == 0 || sb->blocks_per_group > bits)
        return "bad number of blocks in a group";
    if (sb->inodes_per_group == 0 || sb->inodes_per_group > bits)
        return "bad number of inodes in a group";
    if (sb->first_data_block != (sb->block_size == 1024) ||
        sb->blocks_count <= sb->first_data_block)
        return "bad number of blocks";
    if ((uint64_t)sb->blocks_count * (sb->block_size / SECTOR_SIZE) > sb->dev->sectors)
        return "larger than its device";
    sb->groups = DIV_ROUND_UP(sb->blocks_count - sb->first_data_block, sb->blocks_per_group);
    if ((uint64_t)sb->groups * sb->inodes_per_group != sb->inodes_count)
        return "bad number of inodes";
    if (sb->first_ino < 11 || sb->first_ino > sb->inodes_per_group)
        return "bad first inode";
    return NULL;
}

static void put_groups(struct ext2_sb *sb) {
    for (uint32_t i = 0; i < sb->group_bufs; i++)
        if (sb->group_buf[i].page)
            buffer_put(&sb->group_buf[i]);
    kfree(sb->group_buf);
}

static bool group_valid(struct ext2_sb *sb, uint32_t group) {
    const struct ext2_disk_group *g = ext2_group(sb, group, NULL);
    uint64_t table = DIV_ROUND_UP((uint64_t)sb->inodes_per_group * sb->inode_size, sb->block_size);
    return ext2_block_valid(sb, g->bg_block_bitmap) && ext2_block_valid(sb, g->bg_inode_bitmap) &&
           ext2_block_valid(sb, g->bg_inode_table) &&
           g->bg_inode_table + table <= sb->blocks_count &&
           g->bg_free_blocks_count <= sb->blocks_per_group &&
           g->bg_free_inodes_count <= sb->inodes_per_group;
}

static int load_groups(struct ext2_sb *sb) {
    uint32_t per_block = sb->block_size / sizeof(struct ext2_disk_group);
    sb->group_bufs = DIV_ROUND_UP(sb->groups, per_block);
    sb->group_buf = kmalloc_array(sb->group_bufs, sizeof(struct buffer), GFP_KERNEL | GFP_ZERO);
    int err = sb->group_buf ? 0 : -ENOMEM;
    for (uint32_t i = 0; !err && i < sb->group_bufs; i++)
        err = buffer_read(sb->dev, sb->first_data_block + 1 + i, sb->block_size, &sb->group_buf[i]);
    for (uint32_t g = 0; !err && g < sb->groups; g++)
        if (!group_valid(sb, g))
            err = ext2_error(sb, "descriptor of group %u is damaged", g);
    if (err && sb->group_buf)
        put_groups(sb);
    return err;
}

static int load_super(struct ext2_sb *sb) {
    int err = buffer_read(sb->dev, 1, 1024, &sb->super_buf);
    if (err)
        return err;
    sb->disk = sb->super_buf.data;
    const char *wrong = NULL;
    if (sb->disk->s_magic != EXT2_MAGIC)
        err = -EINVAL; // another file system: no words, others are tried
    else if ((wrong = load_geometry(sb)))
        err = -EINVAL;
    else
        err = check_features(sb, sb->super->flags & MS_RDONLY);
    if (wrong)
        pr_err("ext2: %s: %s\n", sb->dev->name, wrong);
    if (err) {
        sb->disk = NULL;
        buffer_put(&sb->super_buf);
    }
    return err;
}

// The state on the disk: in use, or clean again unless errors were found.
static void mark_mounted(struct ext2_sb *sb, bool mounted) {
    mutex_lock(&sb->alloc_lock);
    if (mounted) {
        sb->disk->s_state &= (uint16_t)~EXT2_STATE_CLEAN;
        sb->disk->s_mnt_count++;
    } else if (!(sb->disk->s_state & EXT2_STATE_ERRORS)) {
        sb->disk->s_state |= EXT2_STATE_CLEAN;
    }
    buffer_dirty(&sb->super_buf);
    mutex_unlock(&sb->alloc_lock);
}

static int ext2_sync(struct super *s, bool wait) {
    return page_cache_sync(bdev_mapping(ext2_sb(s)->dev), 0, UINT64_MAX, wait);
}

static int ext2_statfs(struct super *s, struct statfs *out) {
    struct ext2_sb *sb = ext2_sb(s);
    const struct ext2_disk_super *d = sb->disk;
    *out = (struct statfs){
        .f_type = EXT2_MAGIC,
        .f_bsize = sb->block_size,
        .f_frsize = sb->block_size,
        .f_blocks = sb->blocks_count - sb->first_data_block,
        .f_bfree = ext2_count_free_blocks(sb),
        .f_files = sb->inodes_count,
        .f_ffree = d->s_free_inodes_count,
        .f_namelen = EXT2_NAME_MAX,
    };
    out->f_bavail = out->f_bfree - min((uint64_t)out->f_bfree, (uint64_t)d->s_r_blocks_count);
    return 0;
}

// Writes the state, after everything else: the word that all is well comes last.
static int change_state(struct ext2_sb *sb, bool mounted) {
    int err = ext2_sync(sb->super, true);
    if (!err)
        err = blkdev_flush(sb->dev);
    if (err)
        return err;
    mark_mounted(sb, mounted);
    err = ext2_sync(sb->super, true);
    return err ? err : blkdev_flush(sb->dev);
}

static void ext2_unmount(struct super *s) {
    struct ext2_sb *sb = ext2_sb(s);
    int err = s->flags & MS_RDONLY ? 0 : change_state(sb, false);
    if (err)
        pr_err("ext2: %s: not marked clean, error %d\n", sb->dev->name, -err);
    put_groups(sb);
    buffer_put(&sb->super_buf);
    kfree(sb);
    s->private = NULL;
}

// Power-off comes this way too: the root stays mounted, read-only and clean.
static int ext2_remount(struct super *s, uint32_t flags) {
    struct ext2_sb *sb = ext2_sb(s);
    bool readonly = flags & MS_RDONLY, was_readonly = s->flags & MS_RDONLY;
    int err = readonly ? 0 : check_features(sb, false);
    return err || readonly == was_readonly ? err : change_state(sb, !readonly);
}

static const struct super_ops ext2_super_ops = {
    .read_inode = ext2_read_inode,
    .write_inode = ext2_write_inode,
    .evict_inode = ext2_evict_inode,
    .sync = ext2_sync,
    .statfs = ext2_statfs,
    .unmount = ext2_unmount,
    .remount = ext2_remount,
};

static int ext2_mount(struct super *s, const char *options) {
    struct ext2_sb *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
    if (!sb)
        return -ENOMEM;
    sb->super = s;
    sb->dev = s->dev;
    mutex_init(&sb->alloc_lock, "ext2 alloc", RANK_FS);
    s->private = sb;
    if (s->dev->readonly)
        s->flags |= MS_RDONLY;
    int err = load_super(sb);
    if (err)
        goto free_sb;
    err = load_groups(sb);
    if (err)
        goto put_super;
    s->ops = &ext2_super_ops;
    s->max_size = ext2_max_size(sb);
    if (!(sb->disk->s_state & EXT2_STATE_CLEAN))
        pr_warn("ext2: %s was not unmounted: e2fsck is recommended\n", sb->dev->name);
    err = inode_get(s, EXT2_ROOT_INO, &s->root);
    if (err)
        goto put_groups;
    if (!inode_is_dir(s->root)) {
        err = ext2_error(sb, "the root inode is not a directory");
        goto put_root;
    }
    if (!(s->flags & MS_RDONLY))
        mark_mounted(sb, true);
    return 0;

put_root:
    inode_put(s->root);
    s->root = NULL;
put_groups:
    put_groups(sb);
put_super:
    buffer_put(&sb->super_buf);
free_sb:
    kfree(sb);
    s->private = NULL;
    return err;
}

static struct fs_type ext2_type = {.name = "ext2", .needs_device = true, .mount = ext2_mount};
static struct fs_type ext3_type = {.name = "ext3", .needs_device = true, .mount = ext2_mount};

void ext2_init(void) {
    fs_register(&ext2_type);
    fs_register(&ext3_type);
}
