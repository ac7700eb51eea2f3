/* Memory of a process outside, read without tracing it. argv[1]: its pid. */
#include "attack.h"

#include <sys/uio.h>

static long attack(char **argv)
{
    char path[64], line[256];
    unsigned long from;
    snprintf(path, sizeof path, "/proc/%s/maps", argv[1]);
    FILE *maps = fopen(path, "r");
    if (!maps || !fgets(line, sizeof line, maps) || sscanf(line, "%lx", &from) != 1)
        return -1;
    char bytes[16];
    struct iovec here = {bytes, sizeof bytes}, there = {(void *)from, sizeof bytes};
    return process_vm_readv(atoi(argv[1]), &here, 1, &there, 1, 0);
}
