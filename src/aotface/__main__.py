"""``python -m aotface``: the command line."""

import sys

from aotface.cli import main

sys.exit(main())
