"""One file per picture format: what its header says, its pixels, and how it is written."""
