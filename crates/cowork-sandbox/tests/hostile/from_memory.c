/* 51. Executes itself from a file without a name, and tries from there.
 * Must happen: it is refused, or what runs is as confined as before: EPERM, ENOSYS and ENOENT as ever. */
#include "attempts.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

extern char **environ;

/* What it tries, once it is executed from memory. */
static int again(void)
{
    const char *outside = fact("outside");
    refused("51 unshare", unshare(CLONE_NEWUSER), EPERM, 0);
    refused("51 a file of the host", open(outside ? outside : "/etc/shadow", O_RDONLY), ENOENT, 0);
    refused("51 writing a program", open("/usr/bin/env", O_WRONLY), EROFS, EACCES, ETXTBSY, 0);
    refused("51 a socket of the kernel's", socket(AF_NETLINK, SOCK_RAW, 0), EPERM, 0);
    refused("51 being root", setuid(0), EPERM, EINVAL, 0);
    if (prctl(PR_GET_SECCOMP) != 2)
        escaped("51 the filter", "there is none");
    else
        ok("51 the filter", "is still there");
    return finished();
}

int main(int count, char **args)
{
    if (count > 0 && strcmp(args[0], "again") == 0)
        return again();
    int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), memory = memfd_create("51", MFD_CLOEXEC);
    struct stat about;
    if (own < 0 || memory < 0 || fstat(own, &about) < 0) {
        escaped("51 a file without a name", "could not be tried: %s", name_of(errno));
        return finished();
    }
    while (sendfile(memory, own, NULL, (size_t)about.st_size) > 0)
        ;
    fexecve(memory, (char *[]){"again", NULL}, environ);
    refused("51 executing it", -1, EPERM, EACCES, ENOSYS, 0);
    return finished();
}
