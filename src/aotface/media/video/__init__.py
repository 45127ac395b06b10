"""Video files: what they say, their frames by exact number, and the way back with the sound untouched.

One file per step: `probe` (what a file says), `timing` (when each frame is shown), `decode` (frames), `encode` (one
segment), `join` (segments and sound into the finished file), `folder` (numbered pictures instead of a file).
"""
