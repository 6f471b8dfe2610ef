/* 33, 34, 35. Large interfaces of the kernel: io_uring, keys, BPF, counters, page faults, and what belongs to the computer.
 * Must happen: EPERM for each. */
#include "attempts.h"
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/timex.h>
#include <time.h>

int main(void)
{
    struct io_uring_params ring = {0};
    struct perf_event_attr counter = {.type = PERF_TYPE_SOFTWARE, .size = sizeof counter, .config = PERF_COUNT_SW_CPU_CLOCK};
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    struct timex clock = {.modes = 0};
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
#define TRY(what, ...) refused(what, syscall(__VA_ARGS__), EPERM, 0)
    TRY("33 io_uring_setup", SYS_io_uring_setup, 4, &ring);
    TRY("33 io_uring_enter", SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0);
    TRY("33 io_uring_register", SYS_io_uring_register, 0, 0, NULL, 0);
    TRY("34 keyctl, the session's keys", SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
    TRY("34 keyctl, a new session", SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    TRY("34 add_key", SYS_add_key, "user", "hostile", "x", 1, KEY_SPEC_PROCESS_KEYRING);
    TRY("34 request_key", SYS_request_key, "user", "hostile", NULL, 0);
    TRY("35 bpf, a map", SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
    TRY("35 perf_event_open, itself", SYS_perf_event_open, &counter, 0, -1, -1, 0);
    TRY("35 perf_event_open, all", SYS_perf_event_open, &counter, -1, 0, -1, 0);
    TRY("35 userfaultfd", SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    TRY("35 fanotify_init", SYS_fanotify_init, 0, 0);
    TRY("35 kexec_load", SYS_kexec_load, 0, 0, NULL, 0);
    TRY("35 init_module", SYS_init_module, "", 0, "");
    TRY("35 delete_module", SYS_delete_module, "hostile", 0);
    TRY("35 reboot, but for its magic", SYS_reboot, 0, 0, 0, NULL);
    TRY("35 the clock", SYS_clock_settime, CLOCK_REALTIME, &now);
    TRY("35 the clock's speed", SYS_adjtimex, &clock);
    TRY("35 the host's name", SYS_sethostname, "hostile", 7);
    TRY("35 acct", SYS_acct, NULL);
    TRY("35 ports", SYS_iopl, 3);
    refused("35 a call that nobody knows", syscall(SYS_landlock_restrict_self + 200), ENOSYS, 0);
    return finished();
}
