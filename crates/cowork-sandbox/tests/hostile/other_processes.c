/* 28, 29. Reads, steers and signals processes that are not its own, and those that are by ways that debuggers use.
 * Must happen: EPERM for ptrace and its kin; ESRCH for every signal to a process of the host (fact `host_pid`). */
#include "attempts.h"
#include <linux/kcmp.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static void try_on(const char *whom, pid_t process)
{
    char room[8] = {0}, what[96];
    struct iovec here = {room, sizeof room}, there = {&escaped_count, sizeof escaped_count};
#define TRY(name, call)                                        \
    do {                                                       \
        snprintf(what, sizeof what, "28 " name " on %s", whom); \
        refused(what, call, EPERM, 0);                          \
    } while (0)
    TRY("PTRACE_ATTACH", ptrace(PTRACE_ATTACH, process, 0, 0));
    TRY("PTRACE_SEIZE", ptrace(PTRACE_SEIZE, process, 0, 0));
    TRY("process_vm_readv", process_vm_readv(process, &here, 1, &there, 1, 0));
    TRY("process_vm_writev", process_vm_writev(process, &here, 1, &there, 1, 0));
    TRY("kcmp", syscall(SYS_kcmp, process, getpid(), KCMP_FILE, 0, 0));
}

int main(void)
{
    pid_t host = (pid_t)fact_number("host_pid", 0), child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    try_on("the first process", 1);
    try_on("its own child", child);
    refused("28 PTRACE_TRACEME", ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM, 0);
    refused("28 pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0), EPERM, 0);
    refused("28 process_madvise", syscall(SYS_process_madvise, 0, NULL, 0, 0, 0), EPERM, 0);
    refused("28 /proc/1/mem", open("/proc/1/mem", O_RDWR | O_CLOEXEC), EACCES, EPERM, ENOENT, 0);
    if (host) {
        siginfo_t told = {.si_signo = SIGCONT, .si_code = SI_QUEUE};
        refused("29 kill, nothing", kill(host, 0), ESRCH, 0);
        refused("29 kill, SIGCONT", kill(host, SIGCONT), ESRCH, 0);
        refused("29 kill, its group", kill(-host, SIGCONT), ESRCH, 0);
        refused("29 tgkill", syscall(SYS_tgkill, host, host, SIGCONT), ESRCH, 0);
        refused("29 rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, host, SIGCONT, &told), ESRCH, 0);
        refused("29 pidfd_open", syscall(SYS_pidfd_open, host, 0), ESRCH, 0);
        refused("29 its priority", syscall(SYS_setpriority, 0, host, 19), ESRCH, 0);
        refused("29 its limits", syscall(SYS_prlimit64, host, 7, NULL, NULL), ESRCH, 0);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return finished();
}
