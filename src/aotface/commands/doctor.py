"""``aotface doctor``."""

from dataclasses import dataclass

from aotface.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check versions, devices, weights and keys; say what is missing and how to get it."""

    def run(self, reporter: Reporter) -> None:
        """Say one line per check."""
        from aotface.doctor import examine
        from aotface.errors import AotfaceError

        checks = examine()
        width = max(len(check.name) for check in checks)
        for check in checks:
            reporter.say(f"{check.state:<7} {check.name:<{width}}  {check.found}")
            if check.remedy:
                reporter.say(f"{'':7} {'':{width}}  -> {check.remedy}")
        missing = sum(check.state == "MISSING" for check in checks)
        if missing:
            raise AotfaceError(f"{missing} check(s) failed: the lines after -> say what to do")
