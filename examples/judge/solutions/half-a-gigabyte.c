/* not compiled: half a gigabyte of zeros, each of them in the file */
int zeros[1 << 27] = {1};

int main(void)
{
    return zeros[1];
}
