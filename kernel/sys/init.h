// The first process, in the kernel: mounts the root, opens the console, becomes init. Returns to
// user mode in it, or panics in words.
#pragma once

void init_process_main(void *unused);
