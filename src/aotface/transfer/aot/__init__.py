"""The paper's networks and losses: Appearance Optimal Transport. No file path ever enters this room."""
