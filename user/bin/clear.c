/* clear: an empty terminal, the cursor at its top. */
#include <unistd.h>

int main(void)
{
    return write(STDOUT_FILENO, "\033[H\033[2J\033[3J", 11) != 11;
}
