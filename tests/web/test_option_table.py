"""The API offers what the command line has, or a reason stands in the table and in the documents."""

import dataclasses
import re
from pathlib import Path

import pytest

from aotface.commands.refine import Refine
from aotface.commands.serve import Serve
from aotface.commands.swap import Swap
from aotface.commands.verify import Verify
from aotface.web.option_table import BODY, KINDS, WITHHELD, studio_options
from aotface.web.schemas import JobOptions

TABLE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def names(command: type) -> set[str]:
    return {field.name for field in dataclasses.fields(command)}


def offered(kind: str) -> set[str]:
    return {option.name for option in studio_options() if kind in option.applies}


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_the_command_line_is_offered_or_refused_for_a_reason(kind: str) -> None:
    places = [
        offered(kind) & names(KINDS[kind]),
        names(KINDS[kind]) & BODY.keys(),
        names(KINDS[kind]) & WITHHELD.keys(),
    ]
    assert set.union(*places) == names(KINDS[kind])
    assert sum(map(len, places)) == len(names(KINDS[kind])), "each stands in one place"
    assert offered(kind) - names(KINDS[kind]) == {"format", "layers"}


def test_tables_name_no_option_that_is_gone() -> None:
    assert (BODY.keys() | WITHHELD.keys()) <= names(Swap) | names(Refine)


def test_defaults_and_bounds_are_those_of_the_command_line() -> None:
    for option in studio_options():
        for kind in option.applies:
            field = {one.name: one for one in dataclasses.fields(KINDS[kind])}.get(option.name)
            assert field is None or field.default == option.default
    assert JobOptions().model_dump() == {option.name: option.default for option in studio_options()}


def test_help_speaks_of_no_command_line() -> None:
    for option in studio_options():
        assert not re.search(r"TARGET|SOURCE|--|[A-Z]{5,}", option.help), option.help


def test_who_runs_the_server_can_choose_what_clients_cannot() -> None:
    for name, reason in WITHHELD.items():
        for option in re.findall(r"aotface serve (--[\w-]+)", reason):
            assert option == f"--{name.replace('_', '-')}" and name in names(Serve)


def row(option: str) -> str:
    found = re.search(rf"^\| `{re.escape(option)}` \|(.*)\|$", TABLE, re.MULTILINE)
    assert found, f"docs/api.md: the table has no row for {option}"
    return found[1]


def test_the_table_in_the_documents_is_whole() -> None:
    for name in sorted(names(Swap) | names(Refine)):
        option = "--no-mark" if name == "mark" else f"--{name.replace('_', '-')}"
        said = row(option)
        if name in WITHHELD:
            assert f"no: {WITHHELD[name]}" in said
        elif name in BODY:
            assert BODY[name] in said
        else:
            assert f"option `{name}`" in said
    listed = set(re.findall(r"^\| `(--[\w-]+)` \|", TABLE, re.MULTILINE))
    known = {f"--{name.replace('_', '-')}" for name in names(Swap) | names(Refine)} - {"--mark"} | {
        "--no-mark"
    }
    assert listed == known, "a row for an option that is gone"
    assert names(Verify) == {"file", "json"} and "`POST /v1/verify`" in TABLE
