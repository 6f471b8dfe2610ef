/* 43. Takes memory that is no process's own: files without a name, shared memory, and what waits in pipes.
 * Must happen: ENOSPC, ENOMEM, EDQUOT or EFBIG, or it is killed for its memory, before it has what it may not have (fact `memory`; else
 * 16 GiB). Killed, it says nothing. Only ever run it confined. */
#include "attempts.h"
#include <sys/mman.h>

static char block[1 << 20];

/* Writes until it is refused. */
static void fill(const char *what, int file, long long most)
{
    long long had = 0;
    ssize_t more = 0;
    if (file < 0) {
        ok(what, name_of(errno));
        return;
    }
    while (had <= most && (more = write(file, block, sizeof block)) > 0)
        had += more;
    if (had > most)
        escaped(what, "%lld bytes", had);
    else
        refused(what, -1, ENOSPC, ENOMEM, EDQUOT, EFBIG, 0);
    close(file);
}

int main(void)
{
    long long most = fact_number("memory", 16LL << 30), had = 0;
    int ends[2], pipes = 0;
    memset(block, 1, sizeof block);
    signal(SIGXFSZ, SIG_IGN);

    while (pipes < 4096 && pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0) {
        ssize_t more;
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
        while ((more = write(ends[1], block, sizeof block)) > 0)
            had += more;
        pipes++;
    }
    if (had > most)
        escaped("43 pipes", "%lld bytes", had);
    else
        ok("43 pipes", "no more than it may have");
    for (int n = 3; n < 3 + 2 * pipes; n++)
        close(n);

    fill("43 a file without a name", memfd_create("43", MFD_CLOEXEC), most);
    fill("43 another without a name", open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), most);
    fill("43 shared memory", shm_open("/43", O_CREAT | O_RDWR, 0600), most);
    shm_unlink("/43");
    /* Many files, none of them large. */
    for (had = 0; had <= most; had += sizeof block) {
        int file = memfd_create("43", 0);
        if (file < 0 || write(file, block, sizeof block) < 0)
            break;
    }
    if (had > most)
        escaped("43 many files without a name", "%lld bytes", had);
    else
        refused("43 many files without a name", -1, EMFILE, ENFILE, ENOSPC, ENOMEM, 0);
    return finished();
}
