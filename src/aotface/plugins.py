"""Transfers, reenactors and forgery detectors of other packages: found by entry point, imported when used.

A package offers one by a line in its ``pyproject.toml``::

    [project.entry-points."aotface.transfers"]
    warm = "my_package.warm:Warm"

The line names a factory: a class or a function. aotface calls it with the arguments of its kind and checks that what
comes back follows the protocol of its kind. A built-in name always means the built-in. Imports nothing heavy.

A program offers one to itself, without a package, by `register`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from aotface.errors import AotfaceError, UsageError


@dataclass(frozen=True)
class Kind:
    """``group``: the entry point group. ``word``: what one is called in messages."""

    group: str
    word: str


TRANSFERS = Kind("aotface.transfers", "transfer")
REENACTORS = Kind("aotface.reenactors", "reenactor")
FORGERY_DETECTORS = Kind("aotface.forgery_detectors", "forgery detector")
KINDS = (TRANSFERS, REENACTORS, FORGERY_DETECTORS)


@dataclass(frozen=True)
class Registered:
    """What `register` was given, in the place of an entry point."""

    factory: Callable[..., Any]

    @property
    def value(self) -> str:
        """Its name, for messages."""
        return repr(self.factory)

    def load(self) -> Callable[..., Any]:
        """It is there already."""
        return self.factory


@dataclass(frozen=True)
class Plugin:
    """One entry point of an installed package, or what was registered. ``package``: its name and version."""

    kind: Kind
    name: str
    package: str
    entry: metadata.EntryPoint | Registered

    @property
    def title(self) -> str:
        """What it is, for messages."""
        return f"{self.kind.word} {self.name!r} of package {self.package}"


_REGISTERED: dict[tuple[Kind, str], Plugin] = {}


def register(kind: Kind, name: str, factory: Callable[..., Any]) -> None:
    """Offer a plug-in to this program alone, without a package: the same as an entry point until the program ends.

    Args:
        kind: one of `KINDS`.
        name: by which it is asked for.
        factory: what an entry point would name.

    Raises:
        UsageError: another factory is registered under this name.
    """
    plugin = Plugin(kind, name, "(this program)", Registered(factory))
    if _REGISTERED.setdefault((kind, name), plugin) != plugin:
        raise UsageError(f"the {kind.word} {name!r} is registered already: choose another name")


def installed(kind: Kind) -> tuple[Plugin, ...]:
    """Every plug-in of a kind, by name. Reads metadata only; imports none of them.

    Raises:
        UsageError: the metadata of an installed package is damaged.
    """
    try:
        found = [Plugin(kind, entry.name, _package(entry), entry) for entry in _entries(kind.group)]
    except Exception as fault:  # damaged metadata raises almost anything
        raise UsageError(
            f"expected readable entry points of group {kind.group}, got {_words(fault)}; "
            "reinstall the package that is damaged (pip check)"
        ) from fault
    found += [plugin for (of, _), plugin in list(_REGISTERED.items()) if of == kind]
    return tuple(sorted(found, key=lambda plugin: (plugin.name, plugin.package)))


def names(kind: Kind, built_in: Collection[str] = ()) -> tuple[str, ...]:
    """Names that `make` accepts: each once, without those that are built in."""
    return tuple(dict.fromkeys(p.name for p in installed(kind) if p.name not in built_in))


def load(plugin: Plugin, built_in: Collection[str] = ()) -> Any:
    """Import a plug-in's factory.

    Raises:
        UsageError: its name is built in, it cannot be imported, or it cannot be called.
    """
    if plugin.name in built_in:
        raise UsageError(f"the {plugin.title} has the name of a built-in one: rename it, or uninstall it")
    try:
        factory = plugin.entry.load()
    except (Exception, SystemExit) as fault:  # foreign code raises anything while it is imported
        raise UsageError(
            f"the {plugin.title} cannot be imported: {_words(fault)}; update it, or uninstall it"
        ) from fault
    if not callable(factory):
        raise UsageError(
            f"the {plugin.title} must name a class or function, got {type(factory).__name__} "
            f"({plugin.entry.value}); update it, or uninstall it"
        )
    return factory


def make(
    kind: Kind, name: str, *arguments: Any, protocol: type, built_in: Collection[str] = (), **options: Any
) -> Any:
    """Import a plug-in and make one.

    Args:
        kind: one of `KINDS`.
        name: of the plug-in.
        arguments, options: what the factory of this kind is called with.
        protocol: what the object must follow: all of its public methods and attributes.
        built_in: names of the built-in ones, which no plug-in can take.

    Returns:
        The object; its ``name`` is ``name``.

    Raises:
        UsageError: there is no such plug-in, two packages offer it, or it is broken. One line names the package.
        AotfaceError: what the factory itself refuses, such as missing weights.
    """
    found = [plugin for plugin in installed(kind) if plugin.name == name]
    if not found:
        known = ", ".join((*built_in, *names(kind, built_in))) or "none is installed"
        raise UsageError(f"expected a {kind.word} out of: {known}; got {name!r}")
    if len(found) > 1:
        packages = " and ".join(plugin.package for plugin in found)
        raise UsageError(f"{kind.word} {name!r} is offered by {packages}: uninstall all but one")
    factory = load(found[0], built_in)
    try:
        made = factory(*arguments, **options)
    except AotfaceError:
        raise
    except (Exception, SystemExit) as fault:  # foreign code raises anything
        raise UsageError(
            f"the {found[0].title} cannot be made: {_words(fault)}; update it, or uninstall it"
        ) from fault
    return _checked(found[0], made, protocol)


def _checked(plugin: Plugin, made: Any, protocol: type) -> Any:
    members = {name for name in (*dir(protocol), *protocol.__annotations__) if not name.startswith("_")}
    missing = sorted(
        name
        for name in members
        if not hasattr(made, name)
        or (callable(getattr(protocol, name, None)) and not callable(getattr(made, name)))
    )
    if missing:
        raise UsageError(
            f"the {plugin.title} does not follow {protocol.__module__}.{protocol.__name__}: "
            f"{', '.join(missing)} missing; update it, or uninstall it"
        )
    if "name" in members and made.name != plugin.name:
        raise UsageError(
            f"the {plugin.title} calls itself {made.name!r}: its attribute name must be that of its entry point"
        )
    return made


def _entries(group: str) -> metadata.EntryPoints:
    return metadata.entry_points(group=group)


def _package(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "unknown"


def _words(fault: BaseException) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())
