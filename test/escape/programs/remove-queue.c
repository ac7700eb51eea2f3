/* No attack: takes the message queue away again. */
#include <mqueue.h>

int main(int argc, char **argv)
{
    return argc == 2 ? mq_unlink(argv[1]) : 2;
}
