// Files of procfs: the text is made at the first read and again whenever a reader starts anew, so
// one reading through sees one consistent moment.
//
// Lock: one for each open file (RANK_PROCTEXT), since pread(2) comes without the position's lock
// and a text that one reader copies must not be made anew by another.
#include "fs/procfs_internal.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define STORE_MAX 4096 // bytes that one write may bring

struct proc_reader { // file->private
    struct mutex lock;
    struct textbuf text; // [lock]
    bool made;           // [lock]
};

static int proc_open(struct inode *i, struct file *f) {
    struct proc_reader *r = kzalloc(sizeof(*r), GFP_KERNEL);
    if (!r)
        return -ENOMEM;
    mutex_init(&r->lock, "proc text", RANK_PROCTEXT);
    f->private = r;
    return 0;
}

static void proc_release(struct file *f) {
    struct proc_reader *r = f->private;
    text_free(&r->text);
    kfree(r);
}

static int show(struct textbuf *t, ino_t ino) {
    if (proc_kind(ino) != PROC_STATIC)
        return proc_pid_show(t, ino);
    const struct procfs_file *file = proc_node(ino)->file;
    return file->show ? file->show(t, file->arg) : -EIO;
}

static int make(struct proc_reader *r, ino_t ino) {
    text_free(&r->text);
    r->made = false;
    int err = show(&r->text, ino);
    if (!err && r->text.failed)
        err = -ENOMEM;
    r->made = !err;
    return err;
}

static ssize_t read_locked(struct file *f, struct proc_reader *r, struct uio *u, off_t *pos) {
    if (*pos == 0 || !r->made) {
        int err = make(r, f->inode->ino);
        if (err)
            return err;
    }
    if ((uint64_t)*pos >= r->text.len)
        return 0;
    size_t want = min(u->left, r->text.len - (size_t)*pos);
    size_t n = copy_to_uio(u, r->text.data + *pos, want);
    *pos += (off_t)n;
    return n || !want ? (ssize_t)n : -EFAULT;
}

static bool is_binary(ino_t ino) {
    return proc_kind(ino) == PROC_STATIC ? proc_node(ino)->file->read != NULL
                                         : proc_pid_is_binary(ino);
}

static ssize_t read_chunk(char *buf, size_t n, off_t pos, ino_t ino) {
    if (proc_kind(ino) == PROC_STATIC)
        return proc_node(ino)->file->read(buf, n, pos);
    return proc_pid_read(buf, n, pos, ino);
}

// Files without a text: a page at a time.
static ssize_t read_binary(ino_t ino, struct uio *u, off_t *pos) {
    ssize_t n = 0, done = 0;
    char *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
    if (!buf)
        return -ENOMEM;
    while (u->left) {
        n = read_chunk(buf, min(u->left, PAGE_SIZE), *pos, ino);
        if (n <= 0)
            break;
        size_t copied = copy_to_uio(u, buf, (size_t)n);
        done += (ssize_t)copied;
        *pos += (off_t)copied;
        if (copied < (size_t)n) {
            n = -EFAULT;
            break;
        }
    }
    kfree(buf);
    return done ? done : n;
}

static ssize_t proc_read(struct file *f, struct uio *u, off_t *pos) {
    struct proc_reader *r = f->private;

    if (is_binary(f->inode->ino))
        return read_binary(f->inode->ino, u, pos);
    mutex_lock(&r->lock);
    ssize_t n = read_locked(f, r, u, pos);
    mutex_unlock(&r->lock);
    return n;
}

static int store(const char *text, size_t n, ino_t ino) {
    if (proc_kind(ino) != PROC_STATIC)
        return proc_pid_store(text, n, ino);
    const struct procfs_file *file = proc_node(ino)->file;
    return file->store ? file->store(text, n, file->arg) : -EIO;
}

static ssize_t proc_write(struct file *f, struct uio *u, off_t *pos) {
    size_t n = u->left;

    if (n > STORE_MAX)
        return -EINVAL;
    char number[64]; // needs no memory, so that a setting can end a shortage
    char *text = n < sizeof(number) ? number : kmalloc(n + 1, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    int err = copy_from_uio(u, text, n) == n ? 0 : -EFAULT;
    text[n] = '\0';
    if (!err)
        err = store(text, n, f->inode->ino);
    if (text != number)
        kfree(text);
    return err ? err : (ssize_t)n;
}

int procfs_parse_number(const char *text, size_t n, uint64_t lo, uint64_t hi, uint64_t *out) {
    const char *p = text, *end;
    while (*p == ' ' || *p == '\t')
        p++;
    uint64_t value = parse_u64(p, &end, 10);
    bool digits = end != p;
    while (*end == ' ' || *end == '\t' || *end == '\n')
        end++;
    if (!digits || end != text + n || value < lo || value > hi)
        return -EINVAL;
    *out = value;
    return 0;
}

int procfs_show_number(struct textbuf *t, void *number) {
    const struct procfs_number *num = number;
    text_printf(t, "%lu\n", num->value ? READ_ONCE(*num->value) : num->get());
    return 0;
}

int procfs_store_number(const char *text, size_t n, void *number) {
    const struct procfs_number *num = number;
    uint64_t value;
    int err = procfs_parse_number(text, n, num->min, num->max, &value);
    if (err)
        return err;
    if (num->value)
        WRITE_ONCE(*num->value, value);
    else
        num->set(value);
    return 0;
}

const struct file_ops proc_file_ops = {
    .read = proc_read,
    .write = proc_write,
    .seek = directory_seek, // the length is not known: SEEK_SET and SEEK_CUR
    .open = proc_open,
    .release = proc_release,
};
