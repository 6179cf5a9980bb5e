"""Floor 2: the moving market: book, pools, ledger, marks, funding, lending, liquidation."""
