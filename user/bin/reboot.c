/* reboot: poweroff under its other name. */
#include <err.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)argc;
    execv("/bin/poweroff", argv);
    err(1, "/bin/poweroff");
}
