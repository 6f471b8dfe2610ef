/* 15, 16. Makes a program that whoever starts it becomes its owner, and tries to become root itself.
 * Must happen: the bits are refused (EPERM) or are not there afterwards; the host checks that no file that came out has them.
 * Nobody becomes root: setuid and its kin EPERM or EINVAL (not mapped), su and sudo fail. */
#include "attempts.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

/* A mode that was asked for: refused, or not there. */
static void judged(const char *what, long answer, const char *path)
{
    struct stat about;
    if (answer < 0)
        refused(what, answer, EPERM, EACCES, EROFS, 0);
    else if (stat(path, &about) == 0 && (about.st_mode & 06000))
        escaped(what, "the mode is %o", about.st_mode);
    else
        ok(what, "done without the bits");
}

static void fails(const char *what, const char *command)
{
    int status = system(command);
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        escaped(what, "it ended well");
    else
        ok(what, "it failed");
}

int main(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0}};
    unsigned char capability[20] = {1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff};
    long long any = 0;

    int file = open("15-file", O_CREAT | O_RDWR | O_CLOEXEC, 0755);
    if (file < 0) {
        ok("15 a file in the folder", name_of(errno));
    } else {
        judged("15 chmod", chmod("15-file", 06755), "15-file");
        judged("15 fchmod", fchmod(file, 04755), "15-file");
        judged("15 fchmodat", syscall(SYS_fchmodat, AT_FDCWD, "15-file", 04755), "15-file");
        judged("15 fchmodat2", syscall(452, AT_FDCWD, "15-file", 04755, 0), "15-file");
        judged("15 chmod with more bits than a mode has", syscall(SYS_chmod, "15-file", 0x100000000L | 04755), "15-file");
        judged("15 open with the bits", open("15-open", O_CREAT | O_WRONLY | O_CLOEXEC, 04755), "15-open");
        judged("15 creat with the bits", creat("15-creat", 04755), "15-creat");
        refused("15 capabilities of a file", fsetxattr(file, "security.capability", capability, sizeof capability, 0), EPERM, EACCES,
                EOPNOTSUPP, EINVAL, 0);
    }

    if (geteuid() == 0)
        escaped("16 who it is", "it is root here");
    refused("16 setuid", setuid(0), EPERM, EINVAL, 0);
    refused("16 setresuid", setresuid(0, 0, 0), EPERM, EINVAL, 0);
    refused("16 setgid", setgid(0), EPERM, EINVAL, 0);
    refused("16 setgroups", setgroups(1, (gid_t[]){0}), EPERM, EINVAL, 0);
    if (syscall(SYS_capget, &header, sets) == 0)
        for (int n = 0; n < 2; n++)
            any |= sets[n].effective | sets[n].permitted | sets[n].inheritable;
    if (any)
        escaped("16 capabilities", "there are some");
    else
        ok("16 capabilities", "none");
    any = 0;
    for (int n = 0; n < 64; n++)
        any |= prctl(PR_CAPBSET_READ, n, 0, 0, 0) > 0;
    if (any)
        escaped("16 capabilities to be had", "a program could come by some");
    else
        ok("16 capabilities to be had", "none");
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        ok("16 new privileges", "none by executing something");
    else
        escaped("16 new privileges", "executing something could give some");
    memset(sets, 0xff, sizeof sets);
    refused("16 capset", syscall(SYS_capset, &header, sets), EPERM, 0);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        escaped("16 new privileges", "a program may get them");
    else
        ok("16 new privileges", "no program gets any");
    fails("16 su", "su -c true </dev/null >/dev/null 2>&1");
    fails("16 sudo", "sudo -n true </dev/null >/dev/null 2>&1");
    fails("16 pkexec", "pkexec true </dev/null >/dev/null 2>&1");
    fails("16 mount as root", "mount -t tmpfs none /tmp </dev/null >/dev/null 2>&1");
    return finished();
}
