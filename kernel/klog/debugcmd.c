// The list of debug commands. Registered during boot, on one hart, before any can be run; read-only
// afterwards, so there is no lock.
#include "klog/debugcmd.h"

#include "klog/printk.h"
#include "lib/assert.h"

static struct debugcmd *commands;

static struct debugcmd *find(char key) {
    struct debugcmd *c = commands;
    while (c && c->key != key)
        c = c->next;
    return c;
}

void debugcmd_register(struct debugcmd *cmd) {
    assertf(!find(cmd->key), "two debug commands on key %c", cmd->key);
    cmd->next = commands;
    commands = cmd;
}

void debugcmd_run(char key) {
    struct debugcmd *cmd = find(key);
    if (cmd) {
        pr_info("debug: %s\n", cmd->help);
        cmd->run();
        return;
    }
    pr_info("debug: keys are\n");
    for (cmd = commands; cmd; cmd = cmd->next)
        pr_info("debug:   %c  %s\n", cmd->key, cmd->help);
}
