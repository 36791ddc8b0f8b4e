def boot(g): pass
for _n in "find leaf alloc cursor changes cost unmap_cost free linear mapping rollback flush show user".split():
    globals()[_n] = boot
