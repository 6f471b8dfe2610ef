# 52, 53, 54. Talks to whoever listens on the host by a socket with a name, known services first, and looks for a way to be handed a file.
# Must happen: the abstract socket (fact `abstract`, without its null) and a socket file in the folder (fact `socket`) are refused with EPERM or
# ECONNREFUSED; no service has a socket here and none is named in the environment; none of its three files is a socket.
import array
import os
import socket
import stat

from attempts import escaped, facts, finish, ok, refused

known = facts()
REFUSED = ("EPERM", "ECONNREFUSED", "EACCES")


def connect(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as to:
        to.settimeout(2)
        to.connect(address)
        to.sendall(b"hostile\n")
        return "connected"


name = known.get("abstract", "cowork-hostile")
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    refused(f"52 the host's abstract socket, {kind.name}", lambda: connect("\0" + name, kind), *REFUSED)
if "socket" in known:
    refused("52 a socket that the host has in the folder", lambda: connect(known["socket"]), *REFUSED)

runtime = [f"/run/user/{user}" for user in {0, 1000, int(known.get("user", 1000))}]
services = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/dbus/system_bus_socket"]
services += ["/var/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", "/tmp/.X11-unix/X1", "/run/systemd/private", "/run/snapd.socket", "/dev/log"]
services += [f"{folder}/{name}" for folder in runtime for name in ("bus", "wayland-0", "pipewire-0", "gnupg/S.gpg-agent", "keyring/ssh", "systemd/private")]
for path in services:
    refused(f"53 {path}", lambda: os.stat(path), "ENOENT", "ENOTDIR")
for variable in ("DOCKER_HOST", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "XDG_RUNTIME_DIR"):
    if variable in os.environ:
        escaped(f"53 {variable}", os.environ[variable])
    else:
        ok(f"53 {variable}", "is not set")
found = [os.path.join(folder, file) for top in ("/tmp", "/run", "/var") for folder, _, files in os.walk(top) for file in files]
found = [path for path in found if stat.S_ISSOCK(os.lstat(path).st_mode)]
(escaped if found else ok)("53 sockets below /tmp, /run and /var", ", ".join(found) or "none")

for number in range(3):
    if stat.S_ISSOCK(os.fstat(number).st_mode):
        escaped(f"54 the open file {number}", "is a socket, by which files can be handed in and out")
        continue
    ok(f"54 the open file {number}", "is no socket")
pair = socket.socketpair()
handed = array.array("i", [os.open("facts" if known else ".", os.O_RDONLY)])
pair[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
ok("54 two sockets of its own", "only know each other")
finish()
