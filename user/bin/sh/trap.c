/*
 * Traps. A handler only notes the signal; the action runs between two commands.
 *
 * An interactive shell ignores the signals of the keyboard instead of catching them: at the
 * prompt ^C arrives as a character, and while a command runs it goes to that command's group.
 */
#include "trap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"
#include "shell.h"
#include "sig.h"

static char *actions[SIG_COUNT];
static volatile sig_atomic_t pending[SIG_COUNT];
static volatile sig_atomic_t any_pending;
static bool interactive_ignores;
static bool running;

static const int keyboard_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

#define KEYBOARD_SIGNALS (sizeof keyboard_signals / sizeof *keyboard_signals)

static void note_signal(int number)
{
    pending[number] = 1;
    any_pending = 1;
}

static int set_disposition(int number, void (*handler)(int))
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigemptyset(&sa.sa_mask);
    return sigaction(number, &sa, NULL);
}

static bool ignored_by_shell(int number)
{
    for (size_t i = 0; interactive_ignores && i < KEYBOARD_SIGNALS; i++)
        if (keyboard_signals[i] == number)
            return true;
    return false;
}

int trap_set(int number, const char *action)
{
    void (*handler)(int) = SIG_DFL;
    if (action)
        handler = *action ? note_signal : SIG_IGN;
    else if (ignored_by_shell(number))
        handler = SIG_IGN;
    if (number && set_disposition(number, handler) < 0) {
        shell_error("trap: %s: %s", sig_name(number), strerror(errno));
        return -1;
    }
    free(actions[number]);
    actions[number] = action ? mem_strdup(action) : NULL;
    return 0;
}

void trap_print(void)
{
    for (int i = 0; i < SIG_COUNT; i++) {
        if (!actions[i])
            continue;
        struct strbuf sb = {0};
        sb_add_str(&sb, "trap -- ");
        quote_append(&sb, actions[i]);
        if (sig_name(i))
            sb_printf(&sb, " %s\n", sig_name(i));
        else
            sb_printf(&sb, " %d\n", i);
        out_str(sb.data);
        sb_free(&sb);
    }
}

/* Commands of a trap leave $? alone unless they exit. */
static void run_action(int number)
{
    int status = sh.status;
    char *text = mem_strdup(actions[number]);
    running = true;
    exec_string(text, 0);
    running = false;
    free(text);
    if (!sh.flow)
        sh.status = status;
}

void trap_run_pending(void)
{
    if (!any_pending || running)
        return;
    any_pending = 0;
    for (int i = 1; i < SIG_COUNT && !sh.flow; i++) {
        if (!pending[i])
            continue;
        pending[i] = 0;
        if (actions[i] && *actions[i])
            run_action(i);
    }
}

int trap_pending_signal(void)
{
    for (int i = 1; any_pending && i < SIG_COUNT; i++)
        if (pending[i])
            return i;
    return 0;
}

void trap_run_exit(void)
{
    char *action = actions[0];
    actions[0] = NULL;
    if (!action)
        return;
    int status = sh.status;
    sh.flow = FLOW_NONE;
    exec_string(action, 0);
    free(action);
    if (sh.flow != FLOW_ABORT)
        sh.status = status;
}

bool trap_blocks_exec(void)
{
    for (int i = 0; i < SIG_COUNT; i++)
        if (actions[i] && *actions[i])
            return true;
    return any_pending;
}

void trap_reset_child(void)
{
    for (size_t i = 0; interactive_ignores && i < KEYBOARD_SIGNALS; i++)
        if (!actions[keyboard_signals[i]])
            set_disposition(keyboard_signals[i], SIG_DFL);
    interactive_ignores = false;
    any_pending = 0;
    for (int i = 0; i < SIG_COUNT; i++) {
        pending[i] = 0;
        if (!actions[i] || !*actions[i])
            continue;
        if (i)
            set_disposition(i, SIG_DFL);
        free(actions[i]);
        actions[i] = NULL;
    }
}

void trap_interactive(void)
{
    interactive_ignores = true;
    for (size_t i = 0; i < KEYBOARD_SIGNALS; i++)
        set_disposition(keyboard_signals[i], SIG_IGN);
}
