"""Transport solvers against the learned plan, on the same vectors: how well, and in what time."""
