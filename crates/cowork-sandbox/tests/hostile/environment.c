/* 67, 68. Looks for secrets in the environment: its own and every process's, and for what would make a program load or run more.
 * Must happen: there is nothing but HOME, PATH and LANG, and what the host says that it put there (fact `environment`, names with commas);
 * the host's secret (fact `secret`) is in none; LD_PRELOAD, NODE_OPTIONS, BASH_ENV and their like, which the host has set, are gone. */
#include "attempts.h"
#include <dirent.h>

extern char **environ;

static int is_one_of(const char *name, size_t length, const char *names)
{
    while (names && *names) {
        size_t here = strcspn(names, ",");
        if (here == length && strncmp(names, name, length) == 0)
            return 1;
        names += here + (names[here] == ',');
    }
    return 0;
}

static void search(const char *process, const char *file, const char *secret)
{
    static char content[1 << 20];
    char path[300], what[340];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%.200s/%s", process, file);
    snprintf(what, sizeof what, "67 %s", path);
    int opened = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = opened < 0 ? -1 : read(opened, content, sizeof content);
    if (length < 0) {
        ok(what, name_of(errno));
    } else {
        found = secret && memmem(content, (size_t)length, secret, strlen(secret)) != NULL;
        if (found)
            escaped(what, "has the secret");
        else
            ok(what, "has no secret");
    }
    if (opened >= 0)
        close(opened);
}

int main(void)
{
    static const char *const loads[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "NODE_OPTIONS", "NODE_PATH", "BASH_ENV", "ENV", "PYTHONSTARTUP",
        "PYTHONPATH", "PYTHONHOME", "PERL5OPT", "PERL5LIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND", "EDITOR", "PAGER",
        "IFS", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "RIPGREP_CONFIG_PATH", "GCONV_PATH", "GLIBC_TUNABLES", "MALLOC_CONF"};
    const char *allowed = fact("environment"), *secret = fact("secret");
    int more = 0;

    for (char **each = environ; *each; each++) {
        size_t length = strcspn(*each, "=");
        if (is_one_of(*each, length, "HOME,PATH,LANG") || is_one_of(*each, length, allowed))
            continue;
        escaped("67 the environment", "has %.*s", (int)length, *each);
        more++;
    }
    if (!more)
        ok("67 the environment", "has only what belongs there");
    for (char **each = environ; *each && secret; each++)
        if (strstr(*each, secret))
            escaped("67 the environment", "has the secret in %.*s", (int)strcspn(*each, "="), *each);
    for (size_t n = 0; n < sizeof loads / sizeof *loads; n++) {
        char what[64];
        snprintf(what, sizeof what, "68 %s", loads[n]);
        if (getenv(loads[n]))
            escaped(what, "%.200s", getenv(loads[n]));
        else
            ok(what, "is not set");
    }
    for (char **each = environ; *each; each++)
        if (strncmp(*each, "BASH_FUNC_", 10) == 0)
            escaped("68 a shell's function", "%.200s", *each);

    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes && (entry = readdir(processes)))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            search(entry->d_name, "environ", secret);
            search(entry->d_name, "cmdline", secret);
        }
    return finished();
}
