"""Error rates of a finished experiment, and how far what detectors say is from what is true."""

from dataclasses import dataclass

import numpy as np

from aotface.forensics.calibration import Calibration, calibrate
from aotface.forensics.matrix import SHUFFLED, Cell
from aotface.forensics.measures import accuracy, auc, equal_error_rate, reliability, threshold
from aotface.forensics.results import FakeSet, Results
from aotface.media.html_page import Row


@dataclass(frozen=True)
class Quality:
    """Of one arm and one test method, means over seeds; cut and calibration are frozen on validation samples.

    ``raw``, ``calibrated``: mean distance of said and true, before and after calibration.
    """

    base: str
    detector: str
    arm: str
    test: str
    auc: float
    eer: float
    accuracy: float
    raw: float
    calibrated: float


def qualities(found: Results) -> list[Quality]:
    """Error rates and calibration, first mode, all gaps together."""
    rows = []
    matrix = found.matrix
    for detector in matrix.detectors:
        for base in matrix.bases:
            for arm in (arm for arm in matrix.arms if arm != SHUFFLED):
                cells = found.seeds(base, arm, matrix.modes[0], detector)
                frozen = [_frozen(found, cell) for cell in cells]
                for test in found.tests:
                    values = [_errors(found, c, test, *kept) for c, kept in zip(cells, frozen, strict=True)]
                    mean = np.mean(values, axis=0).tolist()
                    rows.append(Quality("+".join(base), detector, arm, str(test), *mean))
    return rows


def _validation(found: Results, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Scores of validation reals, and of validation fakes by the base's own methods."""
    reals = found.names("val", lambda one: one.label == "real")
    fakes = found.names("val", lambda one: one.method in cell.base)
    return found.scores(cell, reals), found.scores(cell, fakes)


def _frozen(found: Results, cell: Cell) -> tuple[float, Calibration]:
    """The threshold and the calibration of validation samples."""
    real, fake = _validation(found, cell)
    return (threshold(real, fake) if len(real) and len(fake) else 0.0), calibrate(real, fake)


def _errors(
    found: Results, cell: Cell, test: FakeSet, cut: float, steps: Calibration
) -> tuple[float, float, float, float, float]:
    """Area under the curve, equal error rate, accuracy, distances before and after calibration."""
    fakes = found.fakes(test)
    real, fake = found.scores(cell, found.reals_for(fakes)), found.scores(cell, fakes)
    return (
        auc(real, fake),
        equal_error_rate(real, fake),
        accuracy(real, fake, cut),
        reliability(real, fake)[1],
        reliability(steps.logits(real), steps.logits(fake))[1],
    )


def reliability_rows(found: Results) -> list[Row]:
    """By detector: calibrated probability that was said, share of fakes, samples; all fakes but controls."""
    rows: list[Row] = []
    fakes = found.names("test", lambda one: one.label == "fake" and not one.control)
    arm = "aot" if "aot" in found.matrix.arms else found.matrix.arms[0]
    for detector in found.matrix.detectors:
        cells = [
            c for base in found.matrix.bases for c in found.seeds(base, arm, found.matrix.modes[0], detector)
        ]
        steps = [_frozen(found, cell)[1] for cell in cells]
        real, fake = (
            np.concatenate([s.logits(found.scores(c, names)) for c, s in zip(cells, steps, strict=True)])
            for names in (found.reals, fakes)
        )
        rows += [
            (detector, f"{said:.2f}", f"{share:.2f}", count)
            for said, share, count in reliability(real, fake)[0]
        ]
    return rows
