/*
 * poweroff [-f], reboot [-f], halt [-f]: stops the machine; the name it is called by says how.
 *
 * Everything else is asked to end first (SIGTERM, then SIGKILL) unless -f is given.  The disks are
 * synced in any case.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static void end_everything(void)
{
    struct timespec grace = {0, 100000000};

    /* the shell that started us ends too, and its terminal hangs up */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    kill(-1, SIGTERM);
    nanosleep(&grace, NULL);
    kill(-1, SIGKILL);
}

int main(int argc, char **argv)
{
    const char *name = basename(argv[0]);
    unsigned how = RB_POWER_OFF;
    int c, force = 0;

    if (strcmp(name, "reboot") == 0)
        how = RB_AUTOBOOT;
    else if (strcmp(name, "halt") == 0)
        how = RB_HALT_SYSTEM;
    while ((c = getopt(argc, argv, "fp")) != -1) {
        if (c == '?')
            return 1;
        force |= c == 'f';
    }
    if (!force)
        end_everything();
    sync();
    if (reboot(how) < 0)
        err(1, "cannot stop the machine");
    return 0;
}
