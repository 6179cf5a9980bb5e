"""Who trades: one file for each kind of agent, with its terms in a scenario, its row and what it does when woken."""
