"""YAML as plain data, with the line and column of each part.

Nothing in the file makes an object of Python: nodes are read with the safe loader's rules for plain values alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from gatepost.core.seed import Path
from gatepost.inventory_files.errors import InvalidInventory

MOST_BYTES = 4 << 20
MOST_VALUES = 200_000
"""After every alias has been written out: ten lines of aliases of aliases can stand for billions."""
DEEPEST = 50

# libyaml is twenty times as fast, and not in every build of PyYAML. It nests on the stack of C, hence DEEPEST.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Source:
    """What was read: `name` for messages, and where each value begins."""

    name: str
    data: Any
    marks: dict[Path, yaml.Mark] = field(default_factory=dict)

    def where(self, path: Path) -> str:
        """Line and column of the value at a path, or of the innermost part around it; nothing for data of Python."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.marks:
                return _place(self.marks[path[:end]])
        return ""

    def order(self, path: Path) -> tuple[int, int]:
        """Where it stands in the file, to sort by."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.marks:
                mark = self.marks[path[:end]]
                return mark.line, mark.column
        return 0, 0


def parse(text: str, name: str) -> Source:
    """Raises InvalidInventory."""
    if len(text) > MOST_BYTES:
        raise InvalidInventory(name, [f"it has more than {MOST_BYTES >> 20} MiB"])
    if (bad := yaml.reader.Reader.NON_PRINTABLE.search(text)) is not None:
        line, column = text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start())
        raise InvalidInventory(name, [f"line {line}, column {column}: YAML does not allow the character {bad[0]!r}"])
    try:
        _measure(text, name)
        node = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem or error.context).split())
        raise InvalidInventory(name, [f"{'' if mark is None else _place(mark)}: this is not YAML: {said}"]) from None
    except yaml.YAMLError as error:
        raise InvalidInventory(name, [f"this is not YAML: {error}"]) from None
    source = Source(name, None)
    if node is None:
        raise InvalidInventory(name, ["it is empty; `gatepost inventory` prints one to start from"])
    source.data = _Reader(source).value(node, ())
    return source


def _measure(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise InvalidInventory(name, [f"{_place(event.start_mark)}: it is nested more than {DEEPEST} deep"])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MOST_VALUES
        self._open: list[yaml.Node] = []
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._left -= 1
        if self._left < 0:
            self._refuse(node, f"with its aliases written out it has more than {MOST_VALUES:,} values")
        if node in self._open:
            self._refuse(node, "an alias stands within what it is an alias of")
        self._source.marks.setdefault(path, node.start_mark)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == yaml.SafeLoader.DEFAULT_MAPPING_TAG:
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode) and node.tag == yaml.SafeLoader.DEFAULT_SEQUENCE_TAG:
                return [self.value(child, (*path, place)) for place, child in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key is a word")
            key = str(key_node.value)
            if key == "<<" and not key_node.style:
                self._refuse(key_node, "merge keys (<<) are not read; write the keys out, or use an alias of the value")
            if key in found:
                self._refuse(key_node, f"the key {key} stands here twice")
            self._source.marks[(*path, key)] = key_node.start_mark
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: Any) -> Any:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "str":
            return node.value
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return self._scalars.construct_yaml_bool(node)
                case "int":
                    return self._scalars.construct_yaml_int(node)
                case "float":
                    return self._scalars.construct_yaml_float(node)
        except (ValueError, KeyError, IndexError):
            self._refuse(node, f"{node.value[:40]!r} is no {kind}")
        if kind == "timestamp":
            self._refuse(node, f"{node.value} would be a date; put it in quotes")
        self._refuse(node, f"the tag {node.tag} is not read")

    def _refuse(self, node: yaml.Node, why: str) -> NoReturn:
        raise InvalidInventory(self._source.name, [f"{_place(node.start_mark)}: {why}"])


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
