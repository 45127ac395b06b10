"""From a `JobSpec` to finished files: which files meet, pictures and videos, layers, marks and records."""
