/* 17. Mounts, takes away what is mounted, and makes read-only mounts writable, by the old calls and the new ones.
 * Must happen: EPERM for each; every mount that there is has nosuid, those that are no device nodev, and all but its folder, its scratch
 * and /proc are read-only. The host checks that its own mounts are the same. */
#include "attempts.h"
#include <linux/mount.h>

#define MOUNT(what, ...) refused("17 " what, syscall(__VA_ARGS__), EPERM, 0)
enum { BIND = 4096, REMOUNT = 32, REC = 16384, PRIVATE = 1 << 18, MOVE = 8192, DETACH = 2 };

static int has(const char *options, const char *option)
{
    size_t length = strlen(option);
    for (; options; options = strchr(options, ','), options += options != NULL)
        if (strncmp(options, option, length) == 0 && (options[length] == ',' || options[length] == 0))
            return 1;
    return 0;
}

/* What is mounted allows no more than it has to. */
static void allowed(void)
{
    static const char *const changed[] = {"/proc", "/tmp", "/dev/shm", "/home/user", "/work/Desk"};
    char line[4096], at[1024], options[512], what[1100];
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    while (mounts && fgets(line, sizeof line, mounts)) {
        int may_change = 0;
        if (sscanf(line, "%*s %*s %*s %*s %1023s %511s", at, options) != 2)
            continue;
        snprintf(what, sizeof what, "17 what is mounted at %s", at);
        for (size_t n = 0; n < sizeof changed / sizeof *changed; n++)
            may_change |= strcmp(at, changed[n]) == 0;
        int is_device = strncmp(at, "/dev/", 5) == 0 && strcmp(at, "/dev/shm") != 0;
        if (!has(options, "nosuid") || (!is_device && !has(options, "nodev")) || (!may_change && !has(options, "ro")))
            escaped(what, "has only %s", options);
        else
            ok(what, options);
    }
    if (mounts)
        fclose(mounts);
}

int main(void)
{
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    unsigned long statmount_request[4] = {sizeof statmount_request, 1, 0, 0};
    unsigned long found[64];
    allowed();
    mkdir("17", 0700);

    MOUNT("mount a tmpfs", SYS_mount, "none", "17", "tmpfs", 0, "");
    MOUNT("mount a proc", SYS_mount, "none", "17", "proc", 0, "");
    MOUNT("mount a sysfs", SYS_mount, "none", "17", "sysfs", 0, "");
    MOUNT("mount a cgroup", SYS_mount, "none", "17", "cgroup2", 0, "");
    MOUNT("mount an overlay", SYS_mount, "none", "17", "overlay", 0, "lowerdir=/,upperdir=/tmp,workdir=/tmp");
    MOUNT("bind the root", SYS_mount, "/", "17", "", BIND | REC, "");
    MOUNT("bind in place of /etc/passwd", SYS_mount, "facts", "/etc/passwd", "", BIND, "");
    MOUNT("make the root writable", SYS_mount, "", "/", "", REMOUNT, "");
    MOUNT("make the bound root writable", SYS_mount, "", "/", "", REMOUNT | BIND, "");
    MOUNT("make /usr writable", SYS_mount, "", "/usr", "", REMOUNT | BIND, "");
    MOUNT("make the folder a device's", SYS_mount, "", ".", "", REMOUNT | BIND, "dev,suid");
    MOUNT("share the mounts", SYS_mount, "", "/", "", PRIVATE | REC, "");
    MOUNT("move a mount", SYS_mount, "/proc", "17", "", MOVE, "");
    MOUNT("take away /proc", SYS_umount2, "/proc", DETACH);
    MOUNT("take away the folder", SYS_umount2, ".", DETACH);
    MOUNT("take away what lies over a file", SYS_umount2, "/proc/kcore", DETACH);
    MOUNT("open_tree", SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE);
    MOUNT("move_mount", SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "17", 0);
    MOUNT("fsopen", SYS_fsopen, "tmpfs", 0);
    MOUNT("fsconfig", SYS_fsconfig, 0, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    MOUNT("fsmount", SYS_fsmount, 0, 0, 0);
    MOUNT("fspick", SYS_fspick, AT_FDCWD, "/", 0);
    MOUNT("mount_setattr", SYS_mount_setattr, AT_FDCWD, "/", 0x8000, &writable, sizeof writable);
    refused("17 statmount", syscall(457, statmount_request, found, sizeof found, 0), EPERM, ENOSYS, 0);
    refused("17 listmount", syscall(458, statmount_request, found, 64, 0), EPERM, ENOSYS, 0);
    MOUNT("swapon", SYS_swapon, "facts", 0);
    MOUNT("quotactl", SYS_quotactl, 0, "/", 0, NULL);
    return finished();
}
