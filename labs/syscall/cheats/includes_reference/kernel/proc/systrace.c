#include "../../../base/kernel/proc/systrace.c"
