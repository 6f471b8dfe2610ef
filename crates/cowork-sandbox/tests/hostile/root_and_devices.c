/* 12, 13, 14. Writes into the root, makes devices, and looks for those of the host.
 * Must happen: EROFS for anything in the root, O_TMPFILE too; EPERM for mknod, wherever; no memory, disk, KVM, FUSE or network device,
 * and no block device at all below /dev. */
#include "attempts.h"
#include <dirent.h>
#include <sys/sysmacros.h>

static void try_device(const char *path)
{
    char what[128];
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    snprintf(what, sizeof what, "14 %s", path);
    refused(what, file, ENOENT, 0);
    if (file >= 0)
        close(file);
}

int main(void)
{
    static const char *const devices[] = {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm", "/dev/sda", "/dev/vda", "/dev/nvme0n1",
        "/dev/loop0", "/dev/loop-control", "/dev/fuse", "/dev/net/tun", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/vsock", "/dev/kmsg",
        "/dev/uinput", "/dev/mapper/control", "/dev/userfaultfd", "/dev/tty0", "/dev/console", "/dev/snapshot"};
    struct dirent *entry;
    struct stat about;
    DIR *all;
    int blocks = 0;

    refused("12 O_TMPFILE in the root", open("/", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), EROFS, EACCES, 0);
    refused("12 a file in the root", open("/12-file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), EROFS, EACCES, 0);
    refused("12 a folder in the root", mkdir("/12-folder", 0700), EROFS, EACCES, 0);
    refused("12 a file in /usr", open("/usr/12-file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), EROFS, EACCES, 0);
    refused("12 a file in /etc", open("/etc/12-file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), EROFS, EACCES, 0);
    refused("12 writing /etc/passwd", open("/etc/passwd", O_WRONLY | O_APPEND | O_CLOEXEC), EROFS, EACCES, 0);
    refused("12 writing a program", open("/usr/bin/env", O_WRONLY | O_CLOEXEC), EROFS, EACCES, ETXTBSY, 0);
    refused("12 the mode of a device", chmod("/dev/null", 0600), EROFS, EPERM, EACCES, 0);
    refused("12 removing a device", unlink("/dev/null"), EROFS, EPERM, EACCES, EBUSY, 0);

    refused("13 a device in the folder", mknod("13-memory", S_IFCHR | 0600, makedev(1, 1)), EPERM, 0);
    refused("13 a disk in the folder", mknod("13-disk", S_IFBLK | 0600, makedev(8, 0)), EPERM, 0);
    refused("13 a disk in /tmp", mknod("/tmp/13-disk", S_IFBLK | 0600, makedev(8, 0)), EPERM, 0);
    refused("13 a disk by the old call", syscall(SYS_mknod, "13-old", S_IFBLK | 0600, makedev(8, 0)), EPERM, 0);
    refused("13 overlayfs's mark for a removed file", mknod("13-mark", S_IFCHR | 0600, makedev(0, 0)), EPERM, 0);

    for (size_t n = 0; n < sizeof devices / sizeof *devices; n++)
        try_device(devices[n]);
    all = opendir("/dev");
    while (all && (entry = readdir(all)))
        if (fstatat(dirfd(all), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISBLK(about.st_mode)) {
            escaped("14 a block device", "/dev/%s", entry->d_name);
            blocks++;
        }
    if (!blocks)
        ok("14 block devices", "none in /dev");
    return finished();
}
