/* What the hostile programs in C have in common: they say how each attempt went, and know what the host wrote into `facts`. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int escaped_count;

/* Prevented as it has to be; `how` says in which way. */
__attribute__((unused)) static void ok(const char *what, const char *how)
{
    printf("ok %s: %s\n", what, how);
    fflush(stdout);
}

/* Not prevented, or not in the way that it has to be. */
__attribute__((unused, format(printf, 2, 3))) static void escaped(const char *what, const char *detail, ...)
{
    va_list more;
    va_start(more, detail);
    printf("ESCAPED %s: ", what);
    vprintf(detail, more);
    printf("\n");
    fflush(stdout);
    va_end(more);
    escaped_count++;
}

__attribute__((unused)) static const char *name_of(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "an unknown error";
}

/* Judges a call's answer: it has to have failed with one of these errors; 0 ends them. */
__attribute__((unused)) static void refused(const char *what, long answer, ...)
{
    int error = errno, expected;
    va_list errors;
    if (answer >= 0) {
        escaped(what, "it was done, answer %ld", answer);
        return;
    }
    va_start(errors, answer);
    while ((expected = va_arg(errors, int)) != 0) {
        if (expected == error) {
            ok(what, name_of(error));
            va_end(errors);
            return;
        }
    }
    va_end(errors);
    escaped(what, "refused with %s, which is not the expected way", name_of(error));
}

/* Gives what the host said of something in `facts` (lines of KEY=VALUE), or NULL. */
__attribute__((unused)) static const char *fact(const char *key)
{
    static char values[16][1024];
    static int next;
    char line[1200];
    size_t length = strlen(key);
    const char *found = NULL;
    FILE *facts = fopen("facts", "r");
    if (!facts)
        return NULL;
    while (!found && fgets(line, sizeof line, facts)) {
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            char *value = values[next++ % 16];
            line[strcspn(line, "\n")] = 0;
            snprintf(value, sizeof values[0], "%.1000s", line + length + 1);
            found = value;
        }
    }
    fclose(facts);
    return found;
}

/* The same as a number, or `otherwise`. */
__attribute__((unused)) static long long fact_number(const char *key, long long otherwise)
{
    const char *value = fact(key);
    return value ? atoll(value) : otherwise;
}

__attribute__((unused)) static int finished(void)
{
    fflush(stdout);
    return escaped_count ? 1 : 0;
}

#endif
