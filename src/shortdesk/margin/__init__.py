"""Floor 1: the rules of an account, stateless: from a sheet, a position and a price to Risk."""
