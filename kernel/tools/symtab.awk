# nm -n of the linked kernel -> the table that klog/symbols.c searches, as assembly.
# Functions only; offsets are relative to __text_start, which nm lists first of all text.
# With no input the table is empty: that is what the first link uses.

BEGIN { n = 0 }

$3 == "__text_start" { base = $1 }

base && $2 ~ /[tT]/ && $3 !~ /^(\$|\.L|__.*_(start|end)$)/ && $1 != last {
    last = $1 # one name for an address is enough
    address[n] = $1
    name[n++] = $3
}

END {
    print "    .section .symtab_data, \"a\""
    print "    .globl symtab_count, symtab_offset, symtab_name, symtab_strings"
    print "    .balign 4"
    print "symtab_count:\n    .4byte " n
    print "symtab_offset:"
    for (i = 0; i < n; i++)
        print "    .4byte 0x" address[i] " - 0x" base
    print "symtab_name:"
    at = 0
    for (i = 0; i < n; i++) {
        print "    .4byte " at
        at += length(name[i]) + 1
    }
    print "symtab_strings:"
    for (i = 0; i < n; i++)
        print "    .asciz \"" name[i] "\""
    print "    .byte 0"
}
