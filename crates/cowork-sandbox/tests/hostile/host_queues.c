/* 55. Reads and writes the host's shared memory, semaphores and message queues (facts `shm_key`, `shm_id`, `mq`, `posix_shm`).
 * Must happen: ENOENT or EINVAL: they are in another namespace; its own list of them is empty. */
#include "attempts.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static void listed(const char *path)
{
    char line[512], what[64];
    int lines = -1;
    FILE *list = fopen(path, "r");
    snprintf(what, sizeof what, "55 %s", path);
    if (!list) {
        ok(what, name_of(errno));
        return;
    }
    while (fgets(line, sizeof line, list))
        lines++;
    fclose(list);
    if (lines > 0)
        escaped(what, "lists %d", lines);
    else
        ok(what, "lists none");
}

int main(void)
{
    const char *queue = fact("mq"), *memory = fact("posix_shm");
    key_t key = (key_t)fact_number("shm_key", 0x5ec7e7);
    int id = (int)fact_number("shm_id", 0);

    refused("55 shared memory by its key", shmget(key, 0, 0), ENOENT, 0);
    refused("55 shared memory by its number", (long)shmat(id, NULL, SHM_RDONLY), EINVAL, EIDRM, 0);
    refused("55 semaphores by their key", semget(key, 0, 0), ENOENT, 0);
    refused("55 messages by their key", msgget(key, 0), ENOENT, 0);
    refused("55 a queue by its name", mq_open(queue ? queue : "/hostile", O_RDWR), ENOENT, ENOSYS, 0);
    refused("55 named memory", shm_open(memory ? memory : "/hostile", O_RDWR, 0), ENOENT, 0);
    listed("/proc/sysvipc/shm");
    listed("/proc/sysvipc/sem");
    listed("/proc/sysvipc/msg");
    return finished();
}
