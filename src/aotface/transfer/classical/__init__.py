"""Classical colour transfers, strict: statistics over the mask only, in float, seeded.

They are the baselines of every table, and a choice for the user. Each file holds one method as
``transfer(reenacted, target, mask, *, seed=0) -> crop``; `aotface.transfer` lists them.
"""
