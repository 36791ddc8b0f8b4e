#include "../../../base/kernel/mm/ptprint.c"
