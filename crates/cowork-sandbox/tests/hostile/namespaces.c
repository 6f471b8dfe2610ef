/* 30, 31, 32. Makes namespaces in which it would be root, enters others', and changes its root.
 * Must happen: EPERM for unshare, clone with such a flag, setns, chroot and pivot_root; ENOSYS for clone3, so that programs use clone. */
#include "attempts.h"
#include <linux/sched.h>
#include <sched.h>

struct kind {
    const char *name;
    unsigned long flag;
    const char *file;
};

static const struct kind kinds[] = {
    {"user", CLONE_NEWUSER, "user"}, {"mounts", CLONE_NEWNS, "mnt"}, {"processes", CLONE_NEWPID, "pid"}, {"network", CLONE_NEWNET, "net"},
    {"ipc", CLONE_NEWIPC, "ipc"}, {"names", CLONE_NEWUTS, "uts"}, {"groups", CLONE_NEWCGROUP, "cgroup"},
};

/* A clone that was made after all ends at once. */
static long cloned(long answer)
{
    if (answer == 0)
        _exit(0);
    if (answer > 0)
        waitpid((pid_t)answer, NULL, __WALL);
    return answer;
}

int main(void)
{
    char what[96], path[64];
    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
        struct clone_args args = {.flags = kinds[n].flag, .exit_signal = SIGCHLD};
        int file;
        snprintf(what, sizeof what, "30 unshare, %s", kinds[n].name);
        refused(what, syscall(SYS_unshare, kinds[n].flag), EPERM, 0);
        snprintf(what, sizeof what, "30 unshare, user and %s", kinds[n].name);
        refused(what, syscall(SYS_unshare, CLONE_NEWUSER | kinds[n].flag), EPERM, 0);
        snprintf(what, sizeof what, "31 clone, %s", kinds[n].name);
        refused(what, cloned(syscall(SYS_clone, kinds[n].flag | SIGCHLD, 0, 0, 0, 0)), EPERM, 0);
        snprintf(what, sizeof what, "31 clone3, %s", kinds[n].name);
        refused(what, cloned(syscall(SYS_clone3, &args, sizeof args)), ENOSYS, 0);
        snprintf(path, sizeof path, "/proc/1/ns/%s", kinds[n].file);
        file = open(path, O_RDONLY | O_CLOEXEC);
        snprintf(what, sizeof what, "32 setns, %s of the first process", kinds[n].name);
        refused(what, syscall(SYS_setns, file, 0), EPERM, 0);
        if (file >= 0)
            close(file);
    }
    refused("30 unshare with a high bit set", syscall(SYS_unshare, (1UL << 32) | CLONE_NEWUSER), EPERM, 0);
    refused("32 setns of a process", syscall(SYS_setns, (int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWUSER), EPERM, 0);
    refused("32 chroot", chroot("."), EPERM, 0);
    refused("32 pivot_root", syscall(SYS_pivot_root, ".", "."), EPERM, 0);
    int map = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    refused("30 its own map of users", map < 0 ? -1 : write(map, "0 0 1", 5), EPERM, EACCES, EROFS, 0);
    return finished();
}
