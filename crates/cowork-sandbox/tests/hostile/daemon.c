/* 46. Leaves a process behind: forked twice, in a session of its own, deaf to signals, and adopted by another.
 * Must happen: when the command has ended, the host finds no process of it, and `46-beat` in the folder (or what its changes are kept in)
 * does not grow. */
#include "attempts.h"
#include <sys/prctl.h>

int main(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() > 0)
            _exit(0);
        for (int number = 1; number < 65; number++)
            signal(number, SIG_IGN);
        for (int file = 0; file < 64; file++)
            close(file);
        for (;;) {
            int beat = open("46-beat", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
            if (beat >= 0 && write(beat, ".", 1) == 1)
                close(beat);
            usleep(20000);
        }
    }
    waitpid(child, NULL, 0);
    ok("46 left a process behind", "the host looks for it");
    return finished();
}
