/* not compiled */
int main(void)
{
    return sum;
}
