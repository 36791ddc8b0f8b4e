/* umount [-fl] dir ...: unmounts; -l as soon as nobody uses it, -f by force. */
#include <err.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int c, flags = 0, failed = 0;

    while ((c = getopt(argc, argv, "fl")) != -1) {
        if (c == '?')
            return 1;
        flags |= c == 'f' ? MNT_FORCE : MNT_DETACH;
    }
    if (optind == argc)
        errx(1, "usage: umount [-fl] dir ...");
    for (; optind < argc; optind++) {
        if (umount2(argv[optind], flags) < 0) {
            warn("%s", argv[optind]);
            failed = 1;
        }
    }
    return failed;
}
