// Character devices: the table by number, and those that are only memory: null, zero, full, random,
// kmsg.
#include "abi/errno.h"
#include "dev/random.h"
#include "fs/devfs.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MEM_MAJOR 1
#define COPY_CHUNK 256 // bytes on the stack

struct chrdev {
    dev_t dev;
    uint32_t mode;
    const char *name;
    const struct file_ops *ops;
    struct chrdev *next;
};

static struct chrdev *chrdevs; // in order of registration, boot only

void chrdev_register(dev_t dev, const char *name, uint32_t mode, const struct file_ops *ops) {
    struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL | GFP_NOFAIL_TEST), **end = &chrdevs;
    assert(c);
    *c = (struct chrdev){.dev = dev, .mode = mode, .name = name, .ops = ops};
    while (*end)
        end = &(*end)->next;
    *end = c;
}

const struct file_ops *chrdev_ops(dev_t dev) {
    for (struct chrdev *c = chrdevs; c; c = c->next)
        if (c->dev == dev)
            return c->ops;
    return NULL;
}

bool chrdev_get_info(int i, dev_t *dev, const char **name, uint32_t *mode) {
    struct chrdev *c = chrdevs;
    while (c && i-- > 0)
        c = c->next;
    if (!c)
        return false;
    *dev = c->dev;
    *name = c->name;
    *mode = c->mode;
    return true;
}

static ssize_t null_read(struct file *f, struct uio *u, off_t *pos) { return 0; }

// Takes everything and looks at nothing.
static ssize_t null_write(struct file *f, struct uio *u, off_t *pos) {
    ssize_t n = (ssize_t)u->left;
    u->left = 0;
    return n;
}

static ssize_t zero_read(struct file *f, struct uio *u, off_t *pos) {
    size_t done = 0;
    while (u->left && !(done && signal_pending())) {
        size_t want = min(u->left, PAGE_SIZE), n = zero_uio(u, want);
        done += n;
        if (n < want)
            return done ? (ssize_t)done : -EFAULT;
        cond_resched();
    }
    return (ssize_t)done;
}

static ssize_t full_write(struct file *f, struct uio *u, off_t *pos) { return -ENOSPC; }

static ssize_t random_read(struct file *f, struct uio *u, off_t *pos) {
    uint8_t buf[COPY_CHUNK];
    size_t done = 0;
    while (u->left && !(done && signal_pending())) {
        size_t want = min(u->left, sizeof(buf));
        random_bytes(buf, want);
        size_t n = copy_to_uio(u, buf, want);
        done += n;
        if (n < want)
            return done ? (ssize_t)done : -EFAULT;
        cond_resched();
    }
    return (ssize_t)done;
}

static ssize_t random_write(struct file *f, struct uio *u, off_t *pos) {
    uint8_t buf[COPY_CHUNK];
    size_t done = 0;
    while (u->left) {
        size_t n = copy_from_uio(u, buf, min(u->left, sizeof(buf)));
        if (n == 0)
            return done ? (ssize_t)done : -EFAULT;
        random_add_entropy(buf, n);
        done += n;
    }
    return (ssize_t)done;
}

// A line of the user's in the kernel log.
static ssize_t kmsg_write(struct file *f, struct uio *u, off_t *pos) {
    char line[COPY_CHUNK];
    size_t total = u->left;
    size_t n = copy_from_uio(u, line, min(u->left, sizeof(line) - 1));
    if (n == 0)
        return total ? -EFAULT : 0;
    while (n && line[n - 1] == '\n')
        n--;
    line[n] = '\0';
    char *text = line;
    if (line[0] == '<' && strchr(line, '>')) // a priority, as syslog(3) puts it
        text = strchr(line, '>') + 1;
    printk(LOG_NOTICE, "%s\n", text);
    return (ssize_t)total;
}

// The log from its oldest byte; a position is an offset into what is kept now.
static ssize_t kmsg_read(struct file *f, struct uio *u, off_t *pos) {
    size_t size = klog_length();
    char *log = kmalloc(size + 1, GFP_KERNEL);
    if (!log)
        return -ENOMEM;
    size = klog_read(log, size);
    size_t at = min((size_t)*pos, size);
    size_t want = min(size - at, u->left), n = copy_to_uio(u, log + at, want);
    kfree(log);
    *pos += (off_t)n;
    return n || !want ? (ssize_t)n : -EFAULT;
}

// lseek(2) of devices without positions succeeds and does nothing.
static off_t no_seek(struct file *f, off_t off, int whence) { return 0; }

static const struct file_ops null_ops = {.read = null_read, .write = null_write, .seek = no_seek};
static const struct file_ops zero_ops = {.read = zero_read, .write = null_write, .seek = no_seek};
static const struct file_ops full_ops = {.read = zero_read, .write = full_write, .seek = no_seek};
static const struct file_ops random_ops = {
    .read = random_read, .write = random_write, .seek = no_seek};
static const struct file_ops kmsg_ops = {
    .read = kmsg_read, .write = kmsg_write, .seek = directory_seek};

void memdev_init(void) {
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 3), "null", 0666, &null_ops);
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 5), "zero", 0666, &zero_ops);
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 7), "full", 0666, &full_ops);
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 8), "random", 0666, &random_ops);
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 9), "urandom", 0666, &random_ops);
    chrdev_register((dev_t)DEV_MAKE(MEM_MAJOR, 11), "kmsg", 0644, &kmsg_ops);
}
