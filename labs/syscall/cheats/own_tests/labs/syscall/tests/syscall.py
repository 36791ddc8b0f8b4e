def boot(g): pass
events = words = ring = children = off = boot
