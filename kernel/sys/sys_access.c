// process_vm_readv(2), process_vm_writev(2): from process to process, without a stop between.
#include "abi/errno.h"
#include "sys/args.h"
#include "sys/syscall.h"
#include "vm/mm.h"

// The memory of a process that the caller may look into: held, or NULL: *err.
static struct mm *get_mm(int pid, int *err) {
    struct mm *mm = NULL;
    spin_lock(&proc_lock);
    struct process *p = process_find_locked(pid);
    *err = p ? process_may_trace_locked(p) : -ESRCH;
    if (!*err && !p->mm)
        *err = -ESRCH; // it has ended
    if (!*err) {
        mm = p->mm;
        mm_get(mm);
    }
    spin_unlock(&proc_lock);
    return mm;
}

// Piece by piece of the other side's vector, until one of the two vectors ends, or has a hole.
static long move(struct mm *mm, const struct iovec *there, int count, struct uio *here,
                 bool write) {
    size_t total = 0, wanted = 0;
    for (int i = 0; i < count && here->left; i++) {
        size_t len = min(there[i].iov_len, here->left);
        size_t done = mm_access_uio(mm, (uaddr_t)there[i].iov_base, len, here, write);
        wanted += len;
        total += done;
        if (done < len)
            break;
    }
    return total || !wanted ? (long)total : -EFAULT;
}

static long access_process(int pid, uaddr_t local, int nlocal, uaddr_t remote, int nremote,
                           uint64_t flags, bool write) {
    struct vector here, there;
    struct uio u, unused;
    if (flags)
        return -EINVAL;
    long ret = vector_get(&here, &u, local, nlocal);
    if (ret)
        return ret;
    ret = vector_get(&there, &unused, remote, nremote);
    if (ret)
        goto put_here;
    if (u.left && unused.left) { // else nothing is to be done, for whomever
        int err;
        struct mm *mm = get_mm(pid, &err);
        ret = mm ? move(mm, there.iov, nremote, &u, write) : err;
        if (mm)
            mm_put(mm);
    }
    vector_put(&there);
put_here:
    vector_put(&here);
    return ret;
}

long sys_process_vm_readv(uint64_t pid, uint64_t local, uint64_t nlocal, uint64_t remote,
                          uint64_t nremote, uint64_t flags) {
    return access_process((int)pid, local, (int)nlocal, remote, (int)nremote, flags, false);
}

long sys_process_vm_writev(uint64_t pid, uint64_t local, uint64_t nlocal, uint64_t remote,
                           uint64_t nremote, uint64_t flags) {
    return access_process((int)pid, local, (int)nlocal, remote, (int)nremote, flags, true);
}
