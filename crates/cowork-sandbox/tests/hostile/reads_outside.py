# 1, 2, 3. Reads what lies outside: upwards to the host's secrets, the person's home, a file by its path and by links in the folder.
# Must happen: ENOENT for each, as if it did not exist; a listing of what is above shows the sandbox's own folders only.
import os

from attempts import escaped, facts, finish, ok, refused

known = facts()
outside = known.get("outside", "/root/.bashrc")
home = known.get("home", "/root")


def read(path):
    with open(path, "rb") as file:
        return file.read(80)


refused("1 upwards to /etc/shadow", lambda: read("../../etc/shadow"), "ENOENT")
refused("1 upwards past the root", lambda: read("../" * 40 + "etc/shadow"), "ENOENT")
refused("1 upwards to a file of the host", lambda: read("../" * 40 + outside.lstrip("/")), "ENOENT")
refused("1 upwards by the process's folder", lambda: read("/proc/self/cwd/../../etc/shadow"), "ENOENT")
refused("2 the person's home", lambda: os.listdir(home), "ENOENT")
refused("2 a key in the person's home", lambda: read(home + "/.ssh/id_ed25519"), "ENOENT")
refused("2 a file of the host", lambda: read(outside), "ENOENT")
refused("2 that this file is there", lambda: os.stat(outside).st_size, "ENOENT")
refused("2 the folder of that file", lambda: os.listdir(os.path.dirname(outside)), "ENOENT")

for name, to in (("3-absolute", outside), ("3-relative", "../" * 40 + outside.lstrip("/")), ("3-folder", os.path.dirname(outside))):
    try:
        os.symlink(to, name)
    except OSError as error:
        ok(f"3 a link named {name}", f"can't be made: {error.strerror}")
        continue
    read_it = (lambda: os.listdir(name)) if name == "3-folder" else (lambda: read(name))
    refused(f"3 through a link named {name}", read_it, "ENOENT")

# A link that was there before.
if "link" in known:
    refused("3 through a link of the host", lambda: read(known["link"]), "ENOENT")
    refused("3 writing through a link of the host", lambda: os.open(known["link"], os.O_WRONLY), "ENOENT")

mine = {"bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "opt", "proc", "run", "sbin", "sys", "tmp", "usr", "var", "work"}
# Where the host's folders were until its world was made: an empty folder.
try:
    more = set(os.listdir("/")) - mine - {".outside"}
    if os.path.isdir("/.outside"):
        more |= set(os.listdir("/.outside"))
    if more:
        escaped("1 the root has what it should not", sorted(more))
    else:
        ok("1 the root has the sandbox's own folders", "nothing more")
except PermissionError as error:
    ok("1 the root", f"can't be listed: {error.strerror}")
finish()
