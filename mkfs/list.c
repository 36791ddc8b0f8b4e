// The list: what a directory of an ordinary user cannot hold. One object a line, # starts a
// comment:
//
//   d path mode uid gid              directory
//   c path mode uid gid major minor  character device     b ...  block device
//   p path mode uid gid              FIFO
//   l path target                    symbolic link
//   o path mode uid gid              owner and mode of something that is there
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mkfs.h"

static void add_line(struct image *im, const char *file, int line, char *text) {
    char kind, path[256], target[256];
    struct attributes a;
    unsigned int major = 0, minor = 0;
    text[strcspn(text, "#\n")] = 0;
    if (text[strspn(text, " \t")] == 0)
        return;
    if (sscanf(text, " l %255s %255s", path, target) == 2) {
        image_add_symlink(im, path, target);
        return;
    }
    int n = sscanf(text, " %c %255s %o %u %u %u %u", &kind, path, &a.mode, &a.uid, &a.gid, &major,
                   &minor);
    int want = n > 0 && strchr("cb", kind) ? 7 : 5;
    if (n != want)
        die("%s:%d: cannot read '%s'", file, line, text);
    switch (kind) {
    case 'd': image_mkdir(im, path, a); break;
    case 'c': image_add_node(im, path, LINUX_S_IFCHR, major, minor, a); break;
    case 'b': image_add_node(im, path, LINUX_S_IFBLK, major, minor, a); break;
    case 'p': image_add_node(im, path, LINUX_S_IFIFO, 0, 0, a); break;
    case 'o': image_set_attributes(im, path, a); break;
    default: die("%s:%d: kind '%c' is none of d c b p l o", file, line, kind);
    }
}

void image_add_list(struct image *im, const char *list_file) {
    FILE *f = fopen(list_file, "r");
    if (!f)
        die("%s: %s", list_file, strerror(errno));
    char text[1024];
    for (int line = 1; fgets(text, sizeof(text), f); line++)
        add_line(im, list_file, line, text);
    fclose(f);
}
