"""The commands: one frozen dataclass each, in a file of its name; its fields are the options.

Nothing heavy is imported here or at the top of a command's file: ``aotface --help`` must be quick.
"""

from aotface.commands.bench import Bench
from aotface.commands.benchmark import Benchmark
from aotface.commands.demo import Demo
from aotface.commands.doctor import Doctor
from aotface.commands.export import Export
from aotface.commands.forensics import (
    ForensicsExperiment,
    ForensicsReport,
    ForensicsScore,
    ForensicsTrain,
    ForensicsUnseen,
)
from aotface.commands.forge import ForgeBuild, ForgeExport, ForgePerturb, ForgePlan, ForgeVerify
from aotface.commands.inspect import Inspect
from aotface.commands.prepare import Prepare
from aotface.commands.refine import Refine
from aotface.commands.run import Run
from aotface.commands.serve import Serve
from aotface.commands.swap import Swap
from aotface.commands.train import Train
from aotface.commands.verify import Verify

COMMANDS: tuple[type, ...] = (
    Swap,
    Refine,
    Run,
    Inspect,
    Verify,
    Serve,
    Doctor,
    Demo,
    Bench,
    Benchmark,
    Prepare,
    Train,
    Export,
)

GROUPS: dict[str, tuple[str, dict[str, type]]] = {
    "forge": (
        "Build, check and export datasets of manipulated faces.",
        {
            "plan": ForgePlan,
            "build": ForgeBuild,
            "export": ForgeExport,
            "perturb": ForgePerturb,
            "verify": ForgeVerify,
        },
    ),
    "forensics": (
        "Train and test forgery detectors; the paper's experiment.",
        {
            "train": ForensicsTrain,
            "score": ForensicsScore,
            "experiment": ForensicsExperiment,
            "report": ForensicsReport,
            "unseen": ForensicsUnseen,
        },
    ),
}
"""Commands of two words: what the first is for, and its commands by their second word."""
