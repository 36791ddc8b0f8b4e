/*
 * mkswap [-f] [-L label] [-U uuid] device-or-file [KiB]: makes a swap area (version 1).
 *
 * -U clear or random, or the 36 characters of one. -f: even if it is larger than the device.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <tools.h>
#include <unistd.h>

#define PAGE      4096UL
#define MIN_PAGES 10

static struct {
    int force;
    const char *label, *uuid;
} opt = {.uuid = "random"};

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: mkswap [-f] [-L label] [-U uuid] device-or-file [KiB]\n");
    exit(1);
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);

    return c && at ? (int)(at - digits) : -1;
}

static void parse_uuid(uint8_t out[16], const char *text)
{
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            if (*text++ != '-')
                errx(1, "error: parsing UUID failed");
        if (hex(text[0]) < 0 || hex(text[1]) < 0)
            errx(1, "error: parsing UUID failed");
        out[i] = (uint8_t)(hex(text[0]) << 4 | hex(text[1]));
        text += 2;
    }
    if (*text)
        errx(1, "error: parsing UUID failed");
}

static void make_uuid(uint8_t out[16])
{
    if (!strcmp(opt.uuid, "clear")) {
        memset(out, 0, 16);
    } else if (!strcmp(opt.uuid, "random")) {
        if (getrandom(out, 16, 0) != 16)
            err(1, "cannot get random bytes");
        out[6] = (uint8_t)((out[6] & 0x0f) | 0x40); /* version 4: random */
        out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
    } else {
        parse_uuid(out, opt.uuid);
    }
}

static void print_uuid(const uint8_t *uuid)
{
    for (int i = 0; i < 16; i++)
        printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

/* Is the path in the first column of this file of /proc? */
static int listed(const char *file, const char *path)
{
    char *text = read_whole(file, NULL);
    size_t len = strlen(path);
    int found = 0;

    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        found |= !strncmp(line, path, len) && (line[len] == ' ' || line[len] == '\t');
    }
    free(text);
    return found;
}

static uint64_t pages_of(int fd, const char *path, const char *wish)
{
    uint64_t bytes = 0, kib;
    struct stat st;

    if (fstat(fd, &st) < 0)
        err(1, "stat of %s failed", path);
    if (S_ISBLK(st.st_mode) ? ioctl(fd, BLKGETSIZE64, &bytes) < 0 : !S_ISREG(st.st_mode))
        errx(1, "error: %s: neither a block device nor a file", path);
    if (S_ISREG(st.st_mode)) {
        bytes = (uint64_t)st.st_size;
        if (st.st_mode & 077)
            warnx("%s: insecure permissions %04o, fix with: chmod 0600 %s", path,
                  st.st_mode & 07777, path);
    }
    if (!wish)
        return bytes / PAGE;
    char *end;
    kib = strtoul(wish, &end, 10);
    if (*end || end == wish)
        errx(1, "invalid block count argument: '%s'", wish);
    if (kib / (PAGE / 1024) > bytes / PAGE && !opt.force)
        errx(1, "error: size %lu KiB is larger than device size %lu KiB", kib, bytes / 1024);
    return kib / (PAGE / 1024);
}

static void write_header(int fd, const char *path, uint64_t pages)
{
    static struct swap_header h;
    char size[16];

    h.version = 1;
    h.last_page = pages - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(pages - 1);
    make_uuid(h.uuid);
    if (opt.label)
        memcpy(h.label, opt.label, strnlen(opt.label, sizeof(h.label)));
    memcpy(h.magic, SWAP_MAGIC, SWAP_MAGIC_LEN);
    if (pwrite(fd, &h, sizeof(h), 0) != sizeof(h) || fsync(fd) < 0)
        err(1, "%s: unable to write signature page", path);
    size_text(size, h.last_page * PAGE, 1024);
    size_t unit = strlen(size) - 1;
    printf("Setting up swapspace version 1, size = %.*s %ciB (%lu bytes)\n", (int)unit, size,
           size[unit], h.last_page * PAGE);
    if (opt.label)
        printf("LABEL=%.16s, UUID=", h.label);
    else
        printf("no label, UUID=");
    print_uuid(h.uuid);
    putchar('\n');
}

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "fL:U:")) != -1) {
        switch (c) {
        case 'f':
            opt.force = 1;
            break;
        case 'L':
            opt.label = optarg;
            break;
        case 'U':
            opt.uuid = optarg;
            break;
        default:
            usage();
        }
    }
    if (optind >= argc || argc - optind > 2)
        usage();
    const char *path = argv[optind];
    if (listed("/proc/mounts", path))
        errx(1, "error: %s is mounted; will not make swapspace", path);
    if (listed("/proc/swaps", path))
        errx(1, "error: %s is in use; will not make swapspace", path);
    if (opt.label && strlen(opt.label) > 16)
        warnx("Label was truncated.");
    int fd = open(path, O_RDWR);
    if (fd < 0)
        err(1, "cannot open %s", path);
    uint64_t pages = pages_of(fd, path, argv[optind + 1]);
    if (pages < MIN_PAGES)
        errx(1, "error: swap area needs to be at least %lu KiB", MIN_PAGES * PAGE / 1024);
    write_header(fd, path, pages);
    return fflush(stdout) == EOF;
}
