def boot(g): pass
for _n in "orders split merge strangers random exhaust watermark fragment zero cost smp".split():
    globals()[_n] = boot
