// The kernel command line, as Linux reads it: words separated by blanks; double quotes keep blanks
// in a word; everything behind a lone "--" belongs to init. Of a repeated key the last one counts.
#include "lib/string.h"
#include "riscv/machine.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Copies the word at s without quotes; returns the first character after it, NULL at the end.
static const char *next_word(const char *s, char *buf, size_t size) {
    size_t n = 0;
    bool quoted = false;
    while (is_blank(*s))
        s++;
    if (!*s)
        return NULL;
    for (; *s && (quoted || !is_blank(*s)); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (n + 1 < size)
            buf[n++] = *s;
    }
    if (size)
        buf[n] = '\0';
    return s;
}

bool cmdline_word(int i, char *buf, size_t size, bool *after) {
    *after = false;
    for (const char *s = machine.cmdline; (s = next_word(s, buf, size)) != NULL;) {
        if (strcmp(buf, "--") == 0 && !*after)
            *after = true;
        else if (i-- == 0)
            return true;
    }
    return false;
}

const char *cmdline_get(const char *key, char *buf, size_t size) {
    const char *found = NULL;
    size_t klen = strlen(key);
    char word[256];
    for (const char *s = machine.cmdline; (s = next_word(s, word, sizeof(word))) != NULL;) {
        if (strcmp(word, "--") == 0)
            break;
        if (strncmp(word, key, klen) != 0 || (word[klen] != '=' && word[klen] != '\0'))
            continue;
        strlcpy(buf, word + klen + (word[klen] == '='), size);
        found = buf;
    }
    return found;
}
