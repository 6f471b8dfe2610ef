/* 9, 10, 11. Looks for open files that it was not given, and for the host's files behind `/proc` and by their numbers on the disk.
 * Must happen: 0, 1 and 2 are open and nothing else, none of them a folder; no process's root or folder leads to a file of the host;
 * name_to_handle_at and open_by_handle_at are EPERM. */
#include "attempts.h"
#include <dirent.h>

static void inherited(void)
{
    char what[64];
    struct stat about;
    for (int number = 0; number < 4096; number++) {
        if (fstat(number, &about) < 0)
            continue;
        snprintf(what, sizeof what, "9 the open file %d", number);
        if (number > 2)
            escaped(what, "inherited, of kind %o", about.st_mode & S_IFMT);
        else if (S_ISDIR(about.st_mode))
            escaped(what, "it is a folder");
        else
            ok(what, "one of the three that belong to it");
    }
}

static void try_behind(const char *process, const char *link, const char *outside)
{
    char path[2048], what[600];
    int file;
    snprintf(path, sizeof path, "/proc/%s/%s%s", process, link, outside);
    snprintf(what, sizeof what, "10 a file of the host behind /proc/%s/%s", process, link);
    file = open(path, O_RDONLY | O_CLOEXEC);
    refused(what, file, ENOENT, EACCES, EPERM, ENOTDIR, ESRCH, 0);
    if (file >= 0)
        close(file);
}

static void behind_proc(void)
{
    const char *outside = fact("outside"), *host = fact("host_pid");
    char path[64];
    struct dirent *entry;
    DIR *processes = opendir("/proc");
    if (!outside)
        outside = "/etc/shadow";
    while (processes && (entry = readdir(processes))) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        try_behind(entry->d_name, "root", outside);
        try_behind(entry->d_name, "cwd/../../../../../../../../..", outside);
    }
    if (processes)
        closedir(processes);
    if (host) {
        snprintf(path, sizeof path, "/proc/%.20s/cwd", host);
        refused("10 the folder of a process of the host", access(path, F_OK), ENOENT, 0);
    }
}

static void by_number(void)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } of = {.handle = {.handle_bytes = MAX_HANDLE_SZ}}, root = {.handle = {.handle_bytes = 8, .handle_type = 1}};
    int mount, folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), inode = 2;

    refused("11 name_to_handle_at", name_to_handle_at(AT_FDCWD, ".", &of.handle, &mount, 0), EPERM, 0);
    /* The root of many file systems: number 2, generation 0. */
    memcpy(root.handle.f_handle, &inode, sizeof inode);
    refused("11 open_by_handle_at of a disk's root", open_by_handle_at(folder, &root.handle, O_RDONLY), EPERM, 0);
}

int main(void)
{
    inherited();
    behind_proc();
    by_number();
    return finished();
}
