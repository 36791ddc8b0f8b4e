/* yes [word ...]: y, or the words, for ever. */
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct text t = {0};

    for (int i = 1; i < argc; i++)
        text_printf(&t, "%s%s", i > 1 ? " " : "", argv[i]);
    text_printf(&t, "%s\n", argc > 1 ? "" : "y");
    size_t len = t.len;
    while (t.len < 4096)
        text_printf(&t, "%.*s", (int)len, t.data);
    while (write(STDOUT_FILENO, t.data, t.len) == (ssize_t)t.len)
        ;
    return 1;
}
