/* Tests of the monitor's pieces that need no container: its request, its policy, its log, its clients. */
#include "../check.h"
#include "tests.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)getpid();
    srand(seed);
    signal(SIGPIPE, SIG_IGN);
    test_requests(rounds);
    test_policy();
    test_log();
    test_clients(rounds / 100);
    printf("%s: monitor, %u damaged requests, seed %u\n", failures ? "not ok" : "ok", 2 * rounds, seed);
    return failures ? 1 : 0;
}
