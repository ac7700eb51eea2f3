/* nonzero: there is no network */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_port = htons(53)};
    inet_pton(AF_INET, "192.0.2.1", &elsewhere.sin_addr);
    int one = socket(AF_INET, SOCK_DGRAM, 0);
    if (one < 0)
        return 1;
    return connect(one, (struct sockaddr *)&elsewhere, sizeof elsewhere) == 0 ? 0 : 2;
}
