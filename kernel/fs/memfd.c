// memfd_create(2): files in memory that have no name.
//
//   an inode of a tmpfs of the kernel's own, whose only link is the open file
//
// It goes with the last descriptor or mapping. /proc shows it as "/memfd:NAME (deleted)".
//
// A seal takes a right from everybody for ever, so that who gets the descriptor can rely on it:
// inode->seals, checked where contents, size and mode change, and by mmap. F_SEAL_WRITE needs that
// nobody has a shared mapping that can be written.
//
// Locks: the inode's lock for seals; mmap of such a file holds it, too (sys_mm.c).
#include "fs/memfd.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "fs/super.h"
#include "fs/tmpfs_internal.h"
#include "lib/format.h"
#include "vm/rmap.h"
#include "vm/vma.h"

#define KNOWN_FLAGS                                                                                \
    (MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC)
#define KNOWN_SEALS                                                                                \
    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

static struct super *memfd_super;
static struct mount *memfd_mount;

static int check_flags(uint32_t flags) {
    if (flags & ~(uint32_t)KNOWN_FLAGS)
        return -EINVAL;
    if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL))
        return -EINVAL;
    return flags & MFD_HUGETLB ? -ENOSYS : 0;
}

static uint32_t first_seals(uint32_t flags) {
    if (flags & MFD_NOEXEC_SEAL)
        return INODE_SEALABLE | F_SEAL_EXEC;
    return INODE_SEALABLE | (flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL);
}

int memfd_open(const struct fsctx *c, const char *name, uint32_t flags, struct file **out) {
    char text[MEMFD_NAME_MAX + sizeof("/memfd:")];
    struct inode *i;
    int err = check_flags(flags);
    if (!err)
        err = tmpfs_new_inode(memfd_super, S_IFREG | (flags & MFD_NOEXEC_SEAL ? 0666 : 0777), 0,
                              NULL, &i);
    if (err)
        return err;
    i->nlink = 0;
    i->uid = c->fsuid;
    i->gid = c->fsgid;
    i->seals = first_seals(flags);
    snprintf(text, sizeof(text), "/memfd:%s", name);
    struct dentry *d = dentry_anon(i, text);
    struct file *f = d ? file_from_inode(i, &regular_file_ops, O_RDWR | O_LARGEFILE) : NULL;
    if (!f) {
        if (d)
            path_put(&(struct path){.dentry = d});
        inode_put(i);
        return -ENOMEM;
    }
    d->removed = true;
    mount_get(memfd_mount);
    f->path = (struct path){memfd_mount, d};
    err = file_claim(f, 1);
    assertf(!err, "a new file has claims: %d", err);
    *out = f;
    return 0;
}

// May somebody store through a mapping? Private ones do not matter.
static bool has_writable_mapping(struct mapping *m) {
    const struct vma *v;
    bool found = false;

    rmap_edit_begin(m);
    list_for_each(v, &m->vmas, rmap_link)
        found |= (v->flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
    rmap_edit_end(m);
    return found;
}

int memfd_add_seals(struct file *f, uint32_t seals) {
    struct inode *i = f->inode;
    int err = 0;

    if (!file_writable(f))
        return -EPERM;
    if (!(i->seals & INODE_SEALABLE) || seals & ~(uint32_t)KNOWN_SEALS)
        return -EINVAL;
    mutex_lock(&i->lock);
    if (i->seals & F_SEAL_SEAL)
        err = -EPERM;
    else if (seals & ~i->seals & F_SEAL_WRITE && has_writable_mapping(&i->mapping))
        err = -EBUSY;
    else
        i->seals |= seals;
    mutex_unlock(&i->lock);
    return err;
}

int memfd_get_seals(const struct file *f) {
    uint32_t seals = READ_ONCE(f->inode->seals);
    return seals & INODE_SEALABLE ? (int)(seals & ~INODE_SEALABLE) : -EINVAL;
}

void memfd_init(void) {
    memfd_super = super_open_internal(NULL);
    int err = tmpfs_fill_super(memfd_super, "");
    memfd_mount = err ? NULL : mount_internal(memfd_super);
    assertf(memfd_mount, "no memory for memfd: %d", err);
    tmpfs_super(memfd_super)->limit = UINT64_MAX; // memory itself is the limit
    tmpfs_super(memfd_super)->max_inodes = UINT64_MAX;
}
