"""The page of a report: words are escaped, and the plot shows what the intervals say."""

import html
import re

import pytest

from aotface.forensics.measures import Interval
from aotface.forensics.page import STYLE, gains_plot, page
from aotface.forensics.tables import ArmRow


def row(gain: Interval | None, test: str = "poisson") -> ArmRow:
    return ArmRow("mkl", "probe", "added", test, "", 4, {"none": 0.5}, gain, None)


@pytest.mark.parametrize(
    ("gain", "kind"),
    [
        (Interval(0.03, 0.01, 0.05), "better"),
        (Interval(-0.03, -0.05, -0.01), "worse"),
        (Interval(0.03, -0.01, 0.05), "even"),
    ],
)
def test_colour_says_what_is_resolved_and_place_the_gain(gain: Interval, kind: str) -> None:
    made = gains_plot([row(gain)])
    assert f'<circle class="{kind}"' in made and made.count(f'class="{kind}"') == 2
    assert re.search(rf"\.{kind}{{stroke:var\((--\w+)\);fill:var\(\1\)}}", STYLE)
    zero = int(re.findall(r'<line x1="(\d+)" x2="\1"', made)[0])
    middle = int(re.findall(r'cx="(\d+)"', made)[0])
    assert (middle > zero) == (gain.value > 0)


def test_arms_that_were_not_run_have_no_plot() -> None:
    assert gains_plot([row(None)]) == ""


def test_a_long_name_is_cut_and_never_within_an_escaped_letter() -> None:
    made = gains_plot([row(Interval(0.03, 0.01, 0.05), "a&" * 60)])
    (name,) = re.findall(r'y="18">([^<]*)</text>', made)
    assert len(html.unescape(name)) == 57 and re.fullmatch(r"added: (a|&amp;)*…", name)


def test_words_are_escaped_and_numbers_stand_right() -> None:
    blocks = [("T<", "w&", ("name", "AUC"), [("<script>", "0.5"), ("b", "0.6"), ("FAILS", "0.7")])]
    made = page("N>", blocks, [row(Interval(0.0, -0.1, 0.1), "<b>")], [])
    assert "<script" not in made and "&lt;b&gt;" in made and "T&lt;" in made
    assert "<td>0.5</td>" in made and '<td class="word">b</td>' in made and made.count("<svg") == 1
    assert '<td class="word bad">FAILS</td>' in made
