"""Verify a set: every check, the shortcut audit, and one page that shows it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aotface.errors import AotfaceError
from aotface.forge.audit import Finding, audit, cues_of
from aotface.forge.checks import Check, run_checks
from aotface.forge.store import Store, StoredSample
from aotface.media.files import show
from aotface.reporter import Reporter
from aotface.threads import one_thread_each

AUDIT = "no single cue tells reals from fakes"

FEWEST = 20
"""Reals below which an audit says too little to fail a set: chance alone then passes the limit often."""


@dataclass(frozen=True)
class Verified:
    """What was found. ``audited``: whether there were fakes, and enough reals, to judge by the audit."""

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    audited: bool

    @property
    def passed(self) -> bool:
        """Every check passed."""
        return all(check.passed for check in self.checks)

    def unjudged(self, check: Check) -> bool:
        """Whether it is the audit, and there was too little to judge by."""
        return check.name == AUDIT and not self.audited


def verify_store(whole: Store, reporter: Reporter) -> Verified:
    """Run every check and the audit; see `aotface.forge.checks`."""
    with one_thread_each():
        checks = run_checks(whole, lambda n: reporter.progress("verifying", n, len(whole.lines)))
        values = []
        for number, sample in enumerate(whole.samples(), 1):
            cues = _cues(sample)
            if cues is not None:
                values.append((sample, cues))
            reporter.progress("auditing", number, len(whole.lines))
    findings = tuple(audit(values))
    audited = bool(findings) and sum(sample.info.label == "real" for sample, _ in values) >= FEWEST
    flagged = _flagged(whole, findings) if audited else ()
    return Verified((*checks, Check(AUDIT, tuple(flagged))), findings, audited)


def _flagged(whole: Store, findings: Sequence[Finding]) -> list[str]:
    controls = {line.method for line in whole.lines if line.control}
    return [
        f"{one.cue} alone tells {one.method} from reals: area under the curve {one.auc:.2f}"
        for one in findings
        if one.flagged and one.method not in controls
    ]


def _cues(sample: StoredSample) -> dict[str, float] | None:
    """The cues; None where a file is broken, which the checks say."""
    try:
        return cues_of(sample)
    except (AotfaceError, OSError, IndexError):
        return None


def report(found: Verified, folder: Path, page: Path, reporter: Reporter) -> None:
    """Tell the checks, one line each, and what fails below it."""
    for check in found.checks:
        said = "n/a " if found.unjudged(check) else "ok  " if check.passed else "FAIL"
        reporter.say(f"{said}  {check.name}")
        for line in check.lines:
            reporter.warn(f"{check.name}: {line}")
    if not found.audited:
        reporter.warn(f"the audit needs {FEWEST} reals, and fakes, to judge by; its numbers are on the page")
    reporter.say(f"{show(page)}  the page to look at")
