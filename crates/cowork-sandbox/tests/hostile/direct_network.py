# 57, 58. Goes to the network without the proxy: TCP, UDP, QUIC's port, IPv6, the host's own ports (facts `port`, `port6`, `udp`: who listens on the
# host's loopback; `address`: one of the host's own), names without an address, and with whatever says that a proxy is there taken away.
# Must happen: ENETUNREACH, ECONNREFUSED, EHOSTUNREACH, EADDRNOTAVAIL, EPERM or EACCES; no answer to what could be sent. The host checks that
# nothing arrived.
import os
import socket

from attempts import escaped, facts, finish, ok, refused

NOWHERE = ("ENETUNREACH", "ECONNREFUSED", "EHOSTUNREACH", "EADDRNOTAVAIL", "EPERM", "EACCES", "ENETDOWN", "EAFNOSUPPORT")
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[variable]
known = facts()
own, port, port6, udp = known.get("address", "192.0.2.1"), *(int(known.get(key, 9)) for key in ("port", "port6", "udp"))


def tcp(family, address, to):
    with socket.socket(family, socket.SOCK_STREAM) as stream:
        stream.settimeout(2)
        stream.connect((address, to))
        return f"connected to {stream.getpeername()}"


def datagram(family, address, to, connected):
    """What could be sent may be lost; only an answer says that it was not."""
    with socket.socket(family, socket.SOCK_DGRAM) as to_there:
        to_there.settimeout(1)
        if connected:
            to_there.connect((address, to))
            to_there.send(b"hostile")
        else:
            to_there.sendto(b"hostile", (address, to))
        try:
            return to_there.recv(512)
        except TimeoutError:
            raise ConnectionRefusedError(111, "no answer") from None


four, six = socket.AF_INET, socket.AF_INET6
streams = [(four, "127.0.0.1", port), (four, "127.0.0.1", 22), (four, own, port), (four, "0.0.0.0", port), (four, "8.8.8.8", 53), (four, "1.1.1.1", 443)]
streams += [(four, "169.254.169.254", 80), (four, "10.0.2.2", 80), (four, "172.17.0.1", 80)]
for family, address, to in streams:
    refused(f"57 TCP to {address}:{to}", lambda: tcp(family, address, to), *NOWHERE)
for address, to in (("::1", port6), ("2606:4700:4700::1111", 443), ("::ffff:127.0.0.1", port), ("fd00:ec2::254", 80)):
    refused(f"58 TCP to [{address}]:{to}", lambda: tcp(six, address, to), *NOWHERE)
for family, address, to in ((four, "127.0.0.1", udp), (four, own, udp), (four, "8.8.8.8", 53), (four, "1.1.1.1", 443), (six, "2606:4700:4700::1111", 443),
                            (six, "::1", udp), (four, "255.255.255.255", 67), (four, "224.0.0.251", 5353)):
    for connected in (False, True):
        how = "connected" if connected else "sent"
        refused(f"58 UDP to {address}:{to}, {how}", lambda: datagram(family, address, to, connected), *NOWHERE)
for name in ("example.org", "localhost.localdomain.example", "metadata.google.internal"):
    try:
        found = socket.getaddrinfo(name, 443)
        escaped(f"58 the name {name}", found[0][4])
    except OSError as error:
        ok(f"58 the name {name}", str(error))
try:
    more = [name for _, name in socket.if_nameindex() if name != "lo"]
    (escaped if more else ok)("58 interfaces", ", ".join(more) or "only its own loopback")
except OSError as error:
    ok("58 interfaces", str(error))
finish()
