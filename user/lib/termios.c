/* Terminal settings are ioctl requests. */
#include "libc.h"
#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int tcgetattr(int fd, struct termios *t)
{
    return ioctl(fd, TCGETS, t);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
    if (when < TCSANOW || when > TCSAFLUSH)
        return __fail(EINVAL);
    return ioctl(fd, TCSETS + when, t);
}

int tcflush(int fd, int queue)
{
    return ioctl(fd, TCFLSH, (long)queue);
}

int tcdrain(int fd)
{
    return ioctl(fd, TCSBRK, 1L);
}

int tcflow(int fd, int action)
{
    return ioctl(fd, TCXONC, (long)action);
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return ioctl(fd, TCSBRK, 0L);
}

pid_t tcgetsid(int fd)
{
    pid_t sid;

    return ioctl(fd, TIOCGSID, &sid) < 0 ? -1 : sid;
}

pid_t tcgetpgrp(int fd)
{
    pid_t pgid;

    return ioctl(fd, TIOCGPGRP, &pgid) < 0 ? -1 : pgid;
}

int tcsetpgrp(int fd, pid_t pgid)
{
    return ioctl(fd, TIOCSPGRP, &pgid);
}

void cfmakeraw(struct termios *t)
{
    t->c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= ~OPOST;
    t->c_lflag &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cflag = (t->c_cflag & ~(CSIZE | PARENB)) | CS8;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

speed_t cfgetospeed(const struct termios *t)
{
    return t->c_cflag & CBAUD;
}

speed_t cfgetispeed(const struct termios *t)
{
    return cfgetospeed(t);
}

int cfsetospeed(struct termios *t, speed_t speed)
{
    if (speed & ~CBAUD)
        return __fail(EINVAL);
    t->c_cflag = (t->c_cflag & ~CBAUD) | speed;
    return 0;
}

int cfsetispeed(struct termios *t, speed_t speed)
{
    return speed ? cfsetospeed(t, speed) : 0;
}
