def shares(g):
    pass
copies = owner = shares
