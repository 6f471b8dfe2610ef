/* 45. Uses the processor and does not end; every signal that can be ignored is.
 * Must happen: the host ends it at its deadline. It only ever says that it began. */
#include "attempts.h"

int main(void)
{
    for (int number = 1; number < 65; number++)
        signal(number, SIG_IGN);
    ok("45 began", "the host ends it");
    if (fork() < 0)
        escaped("45 a second one", "can't be started: %s", name_of(errno));
    for (volatile unsigned long n = 0;; n++)
        ;
}
