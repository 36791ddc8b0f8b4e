// Calls on the address space: brk(2), mmap(2), munmap(2), mremap(2), mprotect(2), madvise(2),
// msync(2), mincore(2), mlock(2) and its like.
#include "abi/errno.h"
#include "abi/mman.h"
#include "fs/memfd.h"
#include "fs/mount.h"
#include "sched/sched.h"
#include "sys/args.h"
#include "sys/syscall.h"
#include "vm/mmap.h"
#include "vm/vma.h"

long sys_brk(uint64_t brk) { return (long)vm_brk(current()->mm, brk); }

// What mprotect may ever allow for a mapping of f; 0 or -EACCES when even `prot` is too much.
static int file_may(struct file *f, int prot, int flags, uint32_t *may) {
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    *may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    if (!file_readable(f))
        return -EACCES;
    if (shared && (!file_writable(f) || mount_readonly(f->path.mount)))
        *may &= ~VM_MAYWRITE;
    if (f->path.mount->flags & MS_NOEXEC)
        *may &= ~VM_MAYEXEC;
    if (shared && (prot & PROT_WRITE) && !(*may & VM_MAYWRITE))
        return -EACCES;
    if (shared && f->inode->swapfile) { // as of now; swapon refuses a file that is mapped
        if (prot & PROT_WRITE)
            return -ETXTBSY;
        *may &= ~VM_MAYWRITE;
    }
    if (shared && f->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
        if (prot & PROT_WRITE)
            return -EPERM;
        *may &= ~VM_MAYWRITE;
    }
    return (prot & PROT_EXEC) && !(*may & VM_MAYEXEC) ? -EPERM : 0;
}

// /dev/zero is anonymous memory under a name.
static bool is_zero_device(const struct file *f) {
    return S_ISCHR(f->inode->mode) && f->inode->rdev == DEV_MAKE(1, 5) && !(f->flags & O_PATH);
}

static long map_zero(struct file *f, uaddr_t addr, uint64_t len, int prot, int flags) {
    uint32_t may;
    long ret = file_may(f, prot, flags, &may);
    if (ret)
        return ret;
    return vm_mmap(current()->mm, addr, len, prot, flags | MAP_ANONYMOUS, NULL, NULL, 0, may, 0);
}

static long map_file(uaddr_t addr, uint64_t len, int prot, int flags, int fd, uint64_t off) {
    struct file *f = file_of(fd);
    uint32_t may;
    if (!f)
        return -EBADF;
    struct mapping *m = f->flags & O_PATH ? NULL : file_mapping(f);
    if (is_zero_device(f)) {
        long addr_or_err = map_zero(f, addr, len, prot, flags);
        file_put(f);
        return addr_or_err;
    }
    bool sealable = f->inode->seals & INODE_SEALABLE; // a seal looks for mappings: not meanwhile
    if (sealable)
        mutex_lock(&f->inode->lock);
    long ret = f->flags & O_PATH ? -EBADF : m ? file_may(f, prot, flags, &may) : -ENODEV;
    if (ret == 0)
        ret = vm_mmap(current()->mm, addr, len, prot, flags, m, f, off, may, 0);
    if (sealable)
        mutex_unlock(&f->inode->lock);
    file_put(f);
    return ret;
}

long sys_mmap(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, uint64_t fd,
              uint64_t off) {
    if (off & ~PAGE_MASK)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS))
        return map_file(addr, len, (int)prot, (int)flags, (int)fd, off);
    return vm_mmap(current()->mm, addr, len, (int)prot, (int)flags, NULL, NULL, off,
                   VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, 0);
}

long sys_memfd_create(uint64_t user, uint64_t flags) {
    char name[MEMFD_NAME_MAX + 1];
    struct file *f;
    ssize_t n = strncpy_from_user(name, user, sizeof(name));
    if (n < 0)
        return n == -ENAMETOOLONG ? -EINVAL : n;
    int err = memfd_open(current_fs(), name, (uint32_t)flags, &f);
    if (err)
        return err;
    int fd = fd_install(current_files(), f, 0, flags & MFD_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

long sys_munmap(uint64_t addr, uint64_t len) { return vm_munmap(current()->mm, addr, len); }

long sys_mremap(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags, uint64_t to) {
    return vm_mremap(current()->mm, addr, old_len, new_len, (int)flags, to);
}

long sys_mprotect(uint64_t addr, uint64_t len, uint64_t prot) {
    return vm_mprotect(current()->mm, addr, len, (int)prot);
}

long sys_madvise(uint64_t addr, uint64_t len, uint64_t advice) {
    return vm_madvise(current()->mm, addr, len, (int)advice);
}

long sys_msync(uint64_t addr, uint64_t len, uint64_t flags) {
    return vm_msync(current()->mm, addr, len, (int)flags);
}

long sys_mincore(uint64_t addr, uint64_t len, uint64_t vec) {
    uint8_t in[128]; // pages at a time
    if (!IS_ALIGNED(addr, PAGE_SIZE))
        return -EINVAL;
    if (len > USER_END || addr > USER_END - len)
        return -ENOMEM;
    for (uint64_t left = DIV_ROUND_UP(len, PAGE_SIZE); left;) {
        size_t n = min(left, sizeof in);
        int err = vm_mincore(current()->mm, addr, n, in);
        if (err || copy_to_user(vec, in, n))
            return err ? err : -EFAULT;
        addr += n << PAGE_SHIFT;
        vec += n;
        left -= n;
        cond_resched();
    }
    return 0;
}

long sys_mlock(uint64_t addr, uint64_t len) { return vm_mlock(current()->mm, addr, len, false); }

long sys_mlock2(uint64_t addr, uint64_t len, uint64_t flags) {
    if ((int)flags & ~MLOCK_ONFAULT)
        return -EINVAL;
    return vm_mlock(current()->mm, addr, len, (int)flags & MLOCK_ONFAULT);
}

long sys_munlock(uint64_t addr, uint64_t len) { return vm_munlock(current()->mm, addr, len); }
long sys_mlockall(uint64_t flags) { return vm_mlockall(current()->mm, (int)flags); }

long sys_munlockall(void) {
    vm_munlockall(current()->mm);
    return 0;
}
