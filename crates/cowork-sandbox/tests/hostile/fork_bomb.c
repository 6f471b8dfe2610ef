/* 41. Starts as many processes as it can, and threads.
 * Must happen: EAGAIN at the number that it may have (fact `processes`; else 20,000); the host can start processes all the while, and none
 * is left. Only ever run it confined. */
#include "attempts.h"
#include <sys/prctl.h>

int main(void)
{
    long most = fact_number("processes", 20000), made = 0;
    pid_t child;
    setpgid(0, 0);
    for (; made <= most; made++) {
        child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
        if (child < 0)
            break;
    }
    /* Where it is only looked how many there are (fact `looked`), whoever looks has the time: it is ended now. */
    if (fact_number("looked", 0))
        sleep(2);
    if (made > most)
        escaped("41 processes", "%ld were started", made);
    else
        refused("41 processes", -1, EAGAIN, ENOMEM, 0);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        ;
    /* There are some to be had again. */
    child = fork();
    if (child == 0)
        _exit(0);
    if (child < 0)
        escaped("41 afterwards", "no process can be started: %s", name_of(errno));
    else
        ok("41 afterwards", "one can be started again");
    return finished();
}
