/* Every file that is opened on a whole mount, told: a notification with the power to say no. */
#include "attack.h"

#include <sys/fanotify.h>

static long attack(char **argv)
{
    (void)argv;
    return fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);
}
