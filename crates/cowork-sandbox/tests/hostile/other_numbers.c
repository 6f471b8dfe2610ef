/* 36. Calls the kernel by its other doors: x32's numbers, and the 32-bit entry with numbers of its own.
 * Must happen: the process is killed (SIGSYS; SIGSEGV where the kernel has no such entry) or the answer is ENOSYS, for harmless calls too. */
#include "attempts.h"

#ifdef __x86_64__
#define X32 0x40000000L

static long through_x32(long number, long first, long second)
{
    long answer = syscall(X32 | number, first, second, 0, 0, 0);
    return answer < 0 ? -errno : answer;
}

static long through_ia32(long number, long first, long second)
{
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(number), "b"(first), "c"(second), "d"(0), "S"(0), "D"(0) : "memory", "r8", "r9", "r10", "r11");
    return (int)answer;
}

/* Makes a call in a child, which says by its end what the answer was. */
static void attempt(const char *what, long (*call)(long, long, long), long number, long first, long second)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(call(number, first, second) == -ENOSYS ? 38 : 0);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        escaped(what, "no child came of it");
        return;
    }
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV))
        ok(what, WTERMSIG(status) == SIGSYS ? "SIGSYS" : "SIGSEGV");
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 38)
        ok(what, "ENOSYS");
    else
        escaped(what, "the kernel answered, status %x", status);
}

int main(void)
{
    static const long user = 0x10000000;
    attempt("36 x32, getpid", through_x32, 39, 0, 0);
    attempt("36 x32, unshare", through_x32, 272, user, 0);
    attempt("36 x32, its own ptrace", through_x32, 521, 0, 0);
    attempt("36 x32, the highest number", through_x32, 0x3fffffff, 0, 0);
    attempt("36 ia32, getpid", through_ia32, 20, 0, 0);
    attempt("36 ia32, unshare", through_ia32, 310, user, 0);
    attempt("36 ia32, ptrace", through_ia32, 26, 0, 0);
    attempt("36 ia32, socketcall", through_ia32, 102, 0, 0);
    attempt("36 ia32, clone3", through_ia32, 435, 0, 0);
    return finished();
}
#else
int main(void)
{
    ok("36 other numbers", "this architecture has none");
    return finished();
}
#endif
