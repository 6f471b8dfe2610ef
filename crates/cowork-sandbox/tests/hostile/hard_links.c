/* 7, 8. Makes hard links of files outside the folder, and writes through one that the host laid into it (fact `linked`).
 * Must happen: EXDEV, EPERM or ENOENT for each new link; the host checks that the file that `linked` shares its content with is unchanged. */
#include "attempts.h"

int main(void)
{
    const char *outside = fact("outside"), *linked = fact("linked");
    char path[64];
    int file;

    refused("7 a link of /etc/passwd", link("/etc/passwd", "7-passwd"), EXDEV, EPERM, EROFS, 0);
    refused("7 a link of a program", link("/usr/bin/env", "7-env"), EXDEV, EPERM, EROFS, 0);
    if (outside)
        refused("7 a link of a file of the host", link(outside, "7-outside"), ENOENT, EROFS, 0);
    file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        refused("7 a link of an open file, by its number", linkat(AT_FDCWD, path, AT_FDCWD, "7-number", AT_SYMLINK_FOLLOW), EXDEV, EPERM,
                EROFS, ENOENT, 0);
        refused("7 a link of an open file, by its handle", linkat(file, "", AT_FDCWD, "7-handle", AT_EMPTY_PATH), EXDEV, EPERM, EROFS,
                ENOENT, 0);
    }
    if (linked) {
        file = open(linked, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (file < 0)
            ok("8 writing through a link that was there", name_of(errno));
        else if (write(file, "hostile\n", 8) < 0)
            ok("8 writing through a link that was there", name_of(errno));
        else
            ok("8 writing through a link that was there", "written, the host checks the original");
    }
    return finished();
}
