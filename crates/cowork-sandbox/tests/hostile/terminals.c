/* 37. Types for the person at the terminal, pastes into the console, gives a terminal another discipline; with bits set that only the
 * filter might look at. Must happen: EPERM for each, on a terminal of its own too; there is no controlling terminal. */
#include "attempts.h"
#include <sys/ioctl.h>
#include <termios.h>

static void orders(const char *whose, int file)
{
    static const unsigned long high = 0xffffffffUL << 32;
    char typed = '\n', console[2] = {3, 0}, what[96];
    int discipline = 15;
#define TRY(name, order, value)                                    \
    do {                                                           \
        snprintf(what, sizeof what, "37 " name " on %s", whose);    \
        refused(what, syscall(SYS_ioctl, file, order, value), EPERM, 0); \
    } while (0)
    TRY("TIOCSTI", (unsigned long)TIOCSTI, &typed);
    TRY("TIOCSTI with high bits", high | TIOCSTI, &typed);
    TRY("TIOCLINUX", (unsigned long)TIOCLINUX, console);
    TRY("TIOCLINUX with high bits", high | TIOCLINUX, console);
    TRY("TIOCSETD", (unsigned long)TIOCSETD, &discipline);
}

int main(void)
{
    static const char *const names[] = {"its input", "its output", "its errors"};
    for (int n = 0; n < 3; n++)
        orders(names[n], n);
    int own = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (own >= 0)
        orders("a terminal of its own", own);
    else
        ok("37 a terminal of its own", name_of(errno));
    refused("37 the controlling terminal", open("/dev/tty", O_RDWR | O_CLOEXEC), ENXIO, ENOENT, 0);
    if (tcgetsid(0) >= 0 && tcgetsid(0) != getsid(0))
        escaped("37 its session", "the terminal belongs to another");
    return finished();
}
