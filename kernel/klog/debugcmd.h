// Debug commands: one-letter reports on the console (Ctrl-T then the letter, or
// /proc/sysrq-trigger). Floors above register theirs; each prints by printk from interrupt context,
// taking locks by try.
#pragma once

struct debugcmd {
    char key;
    const char *help;
    void (*run)(void);
    struct debugcmd *next;
};

void debugcmd_register(struct debugcmd *cmd);
void debugcmd_run(char key); // unknown key: prints the list
