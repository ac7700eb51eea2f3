/* No attack: a program with a terminal of its own as its input, output and controlling terminal. What the program writes
 * there goes to stdout; on stderr stands how many characters wait in the terminal's input at its end.
 * argv: the program and its arguments. */
#include <pty.h>
#include <utmp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void pass_on(int from, char *buffer, size_t size)
{
    for (ssize_t n; (n = read(from, buffer, size)) > 0;)
        if (write(STDOUT_FILENO, buffer, (size_t)n) < 0)
            return;
}

int main(int argc, char **argv)
{
    int master, slave, waiting = 0;
    char buffer[4096];
    if (argc < 2 || openpty(&master, &slave, NULL, NULL, NULL) != 0)
        return 2;
    struct termios mode;
    tcgetattr(slave, &mode);
    cfmakeraw(&mode); /* else the characters of an unfinished line do not count */
    tcsetattr(slave, TCSANOW, &mode);
    pid_t child = fork();
    if (child == 0) {
        close(master);
        login_tty(slave);
        execvp(argv[1], argv + 1);
        _exit(3);
    }
    int status = 0;
    if (fork() == 0) {
        close(slave);
        pass_on(master, buffer, sizeof buffer);
        _exit(0);
    }
    waitpid(child, &status, 0);
    ioctl(slave, FIONREAD, &waiting);
    fprintf(stderr, "%d waiting\n", waiting);
    close(slave);
    close(master);
    wait(NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}
