/* Memory of a process outside, by its file in /proc. argv[1]: the pid. */
#include "attack.h"

static long attack(char **argv)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/mem", argv[1]);
    return open(path, O_RDWR);
}
