"""The page of a report: words are escaped, and the plot shows what the intervals say."""

import re

import pytest

from aotface.forensics.measures import Interval
from aotface.forensics.page import gains_plot, page
from aotface.forensics.tables import ArmRow


def row(gain: Interval | None, test: str = "poisson") -> ArmRow:
    return ArmRow("mkl", "probe", "added", test, "", 4, {"none": 0.5}, gain, None)


@pytest.mark.parametrize(
    ("gain", "colour"),
    [
        (Interval(0.03, 0.01, 0.05), "#1a7f37"),
        (Interval(-0.03, -0.05, -0.01), "#b42318"),
        (Interval(0.03, -0.01, 0.05), "#8a8f98"),
    ],
)
def test_colour_says_what_is_resolved_and_place_the_gain(gain: Interval, colour: str) -> None:
    made = gains_plot([row(gain)])
    assert f'fill="{colour}"' in made
    zero = int(re.findall(r'<line x1="(\d+)" x2="\1"', made)[0])
    middle = int(re.findall(r'cx="(\d+)"', made)[0])
    assert (middle > zero) == (gain.value > 0)


def test_arms_that_were_not_run_have_no_plot() -> None:
    assert gains_plot([row(None)]) == ""


def test_words_are_escaped_and_numbers_stand_right() -> None:
    blocks = [("T<", "w&", ("name", "AUC"), [("<script>", "0.5"), ("b", "0.6")])]
    made = page("N>", blocks, [row(Interval(0.0, -0.1, 0.1), "<b>")], [])
    assert "<script" not in made and "&lt;b&gt;" in made and "T&lt;" in made
    assert "<td>0.5</td>" in made and '<td class="word">b</td>' in made and made.count("<svg") == 1
