/* 42. Takes memory and writes to it, in several processes, until there is no more.
 * Must happen: ENOMEM, or it is killed and the host says that it had more memory than it may have (fact `memory` in bytes; else 16 GiB).
 * Killed, it says nothing: no line with ESCAPED is enough. Only ever run it confined. */
#include "attempts.h"
#include <sys/mman.h>

int main(void)
{
    long long most = fact_number("memory", 16LL << 30), had = 0;
    const size_t piece = 16 << 20;
    /* Half of it in a child, so that what counts is all processes together. */
    pid_t child = fork();
    for (; had <= most; had += piece) {
        char *memory = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            refused("42 memory", -1, ENOMEM, EAGAIN, 0);
            break;
        }
        memset(memory, 1, piece);
    }
    if (had > most)
        escaped("42 memory", "%s had %lld bytes", child ? "one process" : "its child", had);
    if (child > 0) {
        int status = 0;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            escaped("42 memory", "a child had it all");
    }
    return finished();
}
