"""Loading a description: files are read, entries of one name are merged, and the result is plain data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from wattbench.core.names import did_you_mean
from wattbench.platform import syntax
from wattbench.platform.description import Description
from wattbench.platform.draft import Draft
from wattbench.platform.files import File, flatten, follow, read_files
from wattbench.platform.parser import parse_tree

NOT_DECLARED = 1
ALREADY_DECLARED = 2
EMPTY_ENTRY = 3
ALIAS_WITHOUT_REGISTRATION = 33
ALIAS_WITH_NONE_REGISTRATION = 34
CONSTRUCTOR_ATTRIBUTE_IN_UPDATE = 35

BUILTIN = ("sysbus", "machine")
"""Objects that every machine has."""


def load_platform(
    path: str | Path, search: Sequence[str | Path] = (), existing: Collection[str] = BUILTIN
) -> Description:
    """The description in a `.repl` file and all that it uses.

    `search` are the folders in which a `using` without `./` is looked up after the working directory; `existing` are
    names of objects that the machine has already and that entries may update. Raises UsageError for a file that cannot
    be read and SourceError for a fault in a file.
    """
    return _merge(read_files(Path(path), [Path(item) for item in search]), existing)


def parse_platform(
    text: str, file: str = "<string>", search: Sequence[str | Path] = (), existing: Collection[str] = BUILTIN
) -> Description:
    """The description in a string; `file` names it in errors, its usings are relative to the working directory."""
    return _merge(follow(parse_tree(text, file), None, [Path(item) for item in search]), existing)


def _merge(file: File, existing: Collection[str]) -> Description:
    drafts: dict[str, Draft] = {}
    for entry in flatten(file):
        if entry.name in drafts or entry.name in existing:
            if entry.type:
                raise entry.position.error(ALREADY_DECLARED, f"`{entry.name}` is already declared")
        elif not entry.type:
            hint = did_you_mean(entry.name, [*drafts, *existing])
            raise entry.position.error(
                NOT_DECLARED, f"`{entry.name}` was never declared: give a type where it is used first{hint}"
            )
        if not (entry.type or entry.attributes or entry.registrations is not None):
            raise entry.position.error(EMPTY_ENTRY, f"the entry `{entry.name}` says nothing")
        draft = drafts.setdefault(entry.name, Draft(entry.name, entry.type, entry.position))
        _update(draft, entry)
    preinit = tuple(statement for draft in drafts.values() for statement in draft.script("preinit"))
    return Description(tuple(draft.element() for draft in drafts.values()), preinit)


def _update(draft: Draft, entry: syntax.Entry) -> None:
    if draft.type is None:
        for attribute in entry.attributes:
            if isinstance(attribute, syntax.Assignment) and attribute.name[0].islower():
                raise attribute.position.error(
                    CONSTRUCTOR_ATTRIBUTE_IN_UPDATE,
                    f"`{entry.name}` exists already, so its constructor attribute `{attribute.name}` cannot be set",
                )
    if entry.alias is not None:
        if entry.registrations is None:
            raise entry.position.error(ALIAS_WITHOUT_REGISTRATION, "an alias needs a registration (`@ parent`)")
        if not entry.registrations:
            raise entry.position.error(ALIAS_WITH_NONE_REGISTRATION, "an alias makes no sense with `@ none`")
    if entry.registrations is not None:
        draft.registrations = entry.registrations
        draft.name = entry.alias or draft.variable.partition("@")[0]
    draft.add(entry.attributes)
