// The program: hands its arguments to the commands and catches what nobody expected.
int main() { return 0; }
