/* 44. Opens files, pipes and sockets until there are no more to be had.
 * Must happen: EMFILE at the number that it may have open (fact `open`; else 1,000,000), and no way to raise it. */
#include "attempts.h"
#include <sys/resource.h>
#include <sys/socket.h>

int main(void)
{
    long most = fact_number("open", 1000000), made = 0;
    struct rlimit more = {(rlim_t)most + 1024, (rlim_t)most + 1024};
    int ends[2] = {-1, -1};
    refused("44 raising the number", setrlimit(RLIMIT_NOFILE, &more), EPERM, 0);
    while (made <= most && open("/dev/null", O_RDONLY) >= 0)
        made++;
    if (made > most)
        escaped("44 open files", "%ld were opened", made);
    else
        refused("44 open files", -1, EMFILE, 0);
    refused("44 a pipe beside them", pipe(ends), EMFILE, 0);
    refused("44 two sockets beside them", socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EMFILE, 0);
    return finished();
}
