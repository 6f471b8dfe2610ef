# 24, 25, 26. Fills what it may write to: with bytes, with one file that only says that it is large, with names.
# Must happen: ENOSPC in /tmp and in its home at the bytes and names that it may use (facts `scratch`, `names`; else 8 GiB, 2,000,000);
# EFBIG for a file of a terabyte; the host checks that its disk has as much room as before, and that the session goes on.
# Only ever run it confined.
import os
import signal

from attempts import escaped, facts, finish, ok, refused

known = facts()
scratch = int(known.get("scratch", 8 << 30))
names = int(known.get("names", 2_000_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
places = ["/tmp", os.environ.get("HOME", "/home/user"), "/dev/shm"]


def fill(place):
    """Writes until there is no more room; several files, so that the limit of one is not what stops it."""
    made, written, block = [], 0, b"\1" * (1 << 20)
    try:
        while written <= scratch + (64 << 20):
            made.append(f"{place}/24-{len(made)}")
            with open(made[-1], "wb", buffering=0) as file:
                for _ in range(64):
                    written += file.write(block)
        return f"{written} bytes were written"
    finally:
        for name in made:
            os.path.exists(name) and os.unlink(name)


def crowd(place):
    """Makes names until there are no more to be had."""
    made = 0
    os.mkdir(f"{place}/26")
    try:
        while made <= names:
            os.close(os.open(f"{place}/26/{made}", os.O_CREAT | os.O_WRONLY, 0o600))
            made += 1
        return f"{made} files were made"
    finally:
        for name in range(made):
            os.unlink(f"{place}/26/{name}")
        os.rmdir(f"{place}/26")


def sparse(how):
    file = os.open("25-sparse", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        how(file)
        return f"{os.fstat(file).st_size} bytes"
    finally:
        os.close(file)
        os.unlink("25-sparse")


for place in places:
    if not os.path.isdir(place) or not os.access(place, os.W_OK):
        ok(f"24 {place}", "is not there, or is not to be written to")
        continue
    refused(f"24 filling {place}", lambda: fill(place), "ENOSPC", "EDQUOT")
    refused(f"26 names in {place}", lambda: crowd(place), "ENOSPC", "EDQUOT")

refused("25 a file of a terabyte, by its length", lambda: sparse(lambda f: os.ftruncate(f, 1 << 40)), "EFBIG", "EROFS", "EACCES")
refused("25 a file of a terabyte, by its end", lambda: sparse(lambda f: os.pwrite(f, b"x", 1 << 40)), "EFBIG", "EROFS", "EACCES")
refused("25 a terabyte set aside", lambda: sparse(lambda f: os.posix_fallocate(f, 0, 1 << 40)), "EFBIG", "ENOSPC", "EROFS", "EACCES")
try:
    with open("/tmp/24-after", "w") as file:
        file.write("there is room again")
    ok("24 afterwards", "there is room again")
except OSError as error:
    escaped("24 afterwards", f"there is none: {error}")
finish()
