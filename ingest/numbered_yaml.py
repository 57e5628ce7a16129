"""YAML with the line of every key, so that a mistake can be named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ingest.errors import DeclarationError


class _Loader(yaml.SafeLoader):
    """YAML whose dates stay text, because a day is checked and written as ISO text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - overrides a class attribute of yaml's
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(path: Path) -> tuple[Any, dict[tuple[Any, ...], int]]:
    """The document, and for each place in it (a tuple of keys) its line in the file."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=_Loader)
        document = yaml.load(text, Loader=_Loader)
    except FileNotFoundError:
        raise DeclarationError(f"{path}: no such file; FEEDS must name a declaration.") from None
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{path}: is not UTF-8 text ({error.reason}).") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read"
        raise DeclarationError(f"{path} line {line}: is not valid YAML: {problem}.") from None
    lines: dict[tuple[Any, ...], int] = {}
    if root is not None:
        _lines(path, root, (), lines)
    return document, lines


def _lines(
    path: Path, node: yaml.Node, place: tuple[Any, ...], lines: dict[tuple[Any, ...], int]
) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            if inner in lines:
                raise DeclarationError(
                    f"{path} line {key.start_mark.line + 1}: '{key.value}' is given twice "
                    f"(first on line {lines[inner]})."
                )
            lines[inner] = key.start_mark.line + 1
            _lines(path, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _lines(path, value, (*place, number), lines)
