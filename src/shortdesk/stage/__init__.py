"""The stage: scenarios, the agents who play in them, runs and replays."""
