# 38, 39, 40. Changes the kernel's settings, and reads what tells of the host: its messages, memory, command line, name and mounts.
# Must happen: nothing in /proc/sys or /sys can be written; messages and memory can't be read; the command line is empty or not there, the
# name is not the host's (fact `hostname`), mounts do not tell where the folder lies on the host (facts `outside`, `folder`).
import ctypes
import errno
import os

from attempts import escaped, facts, finish, ok, refused

known = facts()
CLOSED = ("ENOENT", "EACCES", "EPERM", "EROFS")


def read(path):
    with open(path, "rb") as file:
        return file.read(4096)


def write(path):
    file = os.open(path, os.O_WRONLY)
    os.close(file)
    return "it can be written"


for path in (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs",
    "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/1/oom_score_adj",
):
    refused(f"38 writing {path}", lambda: write(path), *CLOSED)

for path in ("/proc/kcore", "/proc/kmsg", "/dev/kmsg", "/dev/mem", "/proc/vmcore", "/sys/kernel/notes", "/sys/kernel/debug", "/proc/kpagecount"):
    refused(f"39 reading {path}", lambda: read(path), *CLOSED)

libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(4096)
for order, what in ((2, "read"), (3, "read all"), (10, "size")):
    answer = libc.klogctl(order, room, 4096)
    if answer >= 0:
        escaped(f"39 the kernel's messages, {what}", f"answer {answer}")
    elif ctypes.get_errno() == errno.EPERM:
        ok(f"39 the kernel's messages, {what}", "EPERM")
    else:
        escaped(f"39 the kernel's messages, {what}", errno.errorcode[ctypes.get_errno()])
try:
    addresses = {line.split()[0] for line in open("/proc/kallsyms")}
    (ok if addresses <= {"0" * 16} else escaped)("39 where the kernel lies", f"{len(addresses)} addresses")
except OSError as error:
    ok("39 where the kernel lies", errno.errorcode[error.errno])

try:
    told = read("/proc/cmdline").strip(b"\0\n ")
    (escaped if told else ok)("40 the kernel's command line", repr(told) if told else "empty")
except OSError as error:
    ok("40 the kernel's command line", errno.errorcode[error.errno])
name = os.uname().nodename
if name == known.get("hostname"):
    escaped("40 the host's name", name)
else:
    ok("40 the host's name", f"is {name} here")
try:
    groups = read("/proc/self/cgroup").decode("utf-8", "replace").splitlines()
    outer = [line for line in groups if not line.endswith(":/")]
    (escaped if outer else ok)("40 its control groups", f"are seen as {outer}" if outer else "are all that is seen")
except OSError as error:
    ok("40 its control groups", errno.errorcode[error.errno])
hidden = [known[key] for key in ("outside", "folder") if known.get(key)]
hidden += [os.path.dirname(path) for path in hidden if os.path.dirname(path) != "/"]
for file in ("mountinfo", "mounts", "mountstats"):
    try:
        mounts = read(f"/proc/self/{file}").decode("utf-8", "replace")
    except OSError as error:
        ok(f"40 {file}", errno.errorcode[error.errno])
        continue
    tells = [path for path in hidden if path in mounts]
    (escaped if tells else ok)(f"40 {file}", f"tells of {tells}" if tells else "tells nothing of the host's folders")
finish()
