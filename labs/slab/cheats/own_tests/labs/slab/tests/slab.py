def boot(g): pass
for _n in "objects zero stranger pack lists partial empties colour ctor magazine depot reap destroy exhaust cost".split():
    globals()[_n] = boot
