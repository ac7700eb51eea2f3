/* signal */
int main(int count, char **words)
{
    (void)words;
    volatile int *nowhere = (int *)(long)(count - 1);
    return *nowhere;
}
