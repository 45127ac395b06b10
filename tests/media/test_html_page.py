"""Pages of results: whole without a network, words left and numbers right, nothing of a name is read as HTML."""

import re

import numpy as np

from aotface.media.html_page import html_page, html_picture, html_table


def test_a_page_is_whole_and_fits_telephones() -> None:
    page = html_page("a < b", html_picture('x"y', np.zeros((8, 8, 3), np.uint8), 90))
    assert page.startswith('<!doctype html><html lang="en">') and "<title>a &lt; b</title>" in page
    assert 'name="viewport"' in page and "prefers-color-scheme:dark" in page
    assert re.findall(r'(?:src|href)="(.{5})', page) == ["data:"] and 'alt="x&quot;y"' in page


def test_words_stand_left_and_numbers_right() -> None:
    table = html_table(
        ("name", "auc", ""), [("<b>", "0.65", "ok"), ("mkl", "+0.1 [-1, 2]", "ok")], bad=[(0, 1)]
    )
    assert '<td class="word">&lt;b&gt;</td><td class="bad">0.65</td><td class="word">ok</td>' in table
    assert html_table(("name", "auc"), []) == "<p>None.</p>"
    assert '<td class="word long">' in html_table(("name",), [("x" * 25,)])
    assert "<td>+0.1 [-1, 2]</td>" in table and table.startswith('<div class="wide">')
