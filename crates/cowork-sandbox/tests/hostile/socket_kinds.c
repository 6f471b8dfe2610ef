/* 56. Opens sockets that lead past the network that it may have, into the kernel, or to a virtual machine's host.
 * Must happen: EPERM for each, with bits set that only the filter might look at too. */
#include "attempts.h"
#include <linux/if_alg.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct kind {
    const char *name;
    int family, kind, protocol;
};

static const struct kind kinds[] = {
    {"AF_PACKET, raw", AF_PACKET, SOCK_RAW, 0x0300},
    {"AF_PACKET, datagrams", AF_PACKET, SOCK_DGRAM, 0x0300},
    {"AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0},
    {"AF_NETLINK, routes", AF_NETLINK, SOCK_RAW, 0},
    {"AF_NETLINK, routes by datagrams", AF_NETLINK, SOCK_DGRAM, 0},
    {"AF_NETLINK, filters", AF_NETLINK, SOCK_RAW, 12},
    {"AF_NETLINK, events", AF_NETLINK, SOCK_DGRAM, 15},
    {"AF_ALG", AF_ALG, SOCK_SEQPACKET, 0},
    {"AF_UNIX", AF_UNIX, SOCK_STREAM, 0},
    {"AF_BLUETOOTH", AF_BLUETOOTH, SOCK_RAW, 1},
    {"AF_CAN", AF_CAN, SOCK_RAW, 1},
    {"AF_TIPC", AF_TIPC, SOCK_SEQPACKET, 0},
    {"AF_RDS", AF_RDS, SOCK_SEQPACKET, 0},
    {"AF_XDP", 44, SOCK_RAW, 0},
    {"AF_KEY", AF_KEY, SOCK_RAW, 2},
    {"AF_SMC", 43, SOCK_STREAM, 0},
    {"AF_QIPCRTR", 42, SOCK_DGRAM, 0},
    {"raw ICMP", AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {"raw IP", AF_INET, SOCK_RAW, IPPROTO_RAW},
    {"raw ICMP of IPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
    {"raw, with a flag", AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP},
    {"the old way to packets", AF_INET, SOCK_PACKET, 0x0300},
};

int main(void)
{
    char what[96];
    int ends[2];
    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
        const struct kind *kind = &kinds[n];
        snprintf(what, sizeof what, "56 %s", kind->name);
        /* The kernel has no such old way any more: what it says of it is not ours. */
        refused(what, socket(kind->family, kind->kind, kind->protocol), EPERM, kind->kind == SOCK_PACKET ? EINVAL : EPERM,
                kind->kind == SOCK_PACKET ? ESOCKTNOSUPPORT : EPERM, 0);
        snprintf(what, sizeof what, "56 %s, with high bits", kind->name);
        refused(what, syscall(SYS_socket, (1L << 32) | kind->family, (1L << 32) | kind->kind, kind->protocol), EPERM,
                kind->kind == SOCK_PACKET ? EINVAL : EPERM, kind->kind == SOCK_PACKET ? ESOCKTNOSUPPORT : EPERM, 0);
    }
    refused("56 a pair of AF_INET", socketpair(AF_INET, SOCK_STREAM, 0, ends), EPERM, EOPNOTSUPP, 0);
    refused("56 a pair of AF_TIPC", socketpair(AF_TIPC, SOCK_STREAM, 0, ends), EPERM, 0);
    return finished();
}
