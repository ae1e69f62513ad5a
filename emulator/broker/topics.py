"""Topic patterns in a trie: the cost of a match depends on the words of the key, not on the number of bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Target = TypeVar("Target")


class _Node(Generic[Target]):
    __slots__ = ("children", "targets")

    def __init__(self) -> None:
        self.children: dict[str, _Node[Target]] = {}
        self.targets: dict[Target, int] = {}
        """How often each target is bound here."""

    @property
    def empty(self) -> bool:
        return not self.children and not self.targets


class TopicTrie(Generic[Target]):
    """Patterns of words between dots: `*` stands for one word, `#` for none or more."""

    def __init__(self) -> None:
        self._root: _Node[Target] = _Node()

    @property
    def empty(self) -> bool:
        return self._root.empty

    def add(self, pattern: str, target: Target) -> None:
        node = self._root
        for word in _words(pattern):
            node = node.children.setdefault(word, _Node())
        node.targets[target] = node.targets.get(target, 0) + 1

    def remove(self, pattern: str, target: Target) -> None:
        """Undo one `add`; branches that lead nowhere go. Raises KeyError where there was none."""
        path = [self._root]
        words = _words(pattern)
        for word in words:
            path.append(path[-1].children[word])
        targets = path[-1].targets
        if targets[target] > 1:
            targets[target] -= 1
            return
        del targets[target]
        for parent, word in zip(reversed(path[:-1]), reversed(words), strict=True):
            if not parent.children[word].empty:
                break
            del parent.children[word]

    def match(self, key: str) -> Iterator[Target]:
        """The targets of all patterns that fit; a target may come more than once."""
        words = _words(key)
        count = len(words)
        # Many `#` reach the same node by many ways; each node is entered once per word position.
        stack: list[tuple[_Node[Target], int]] = [(self._root, 0)]
        seen: set[tuple[int, int]] = set()
        while stack:
            node, position = stack.pop()
            if (id(node), position) in seen:
                continue
            seen.add((id(node), position))
            if position == count:
                yield from node.targets
            children = node.children
            if not children:
                continue
            many = children.get("#")
            if many is not None:
                stack.extend((many, rest) for rest in range(position, count + 1))
            if position < count:
                for word in {words[position], "*"}:
                    child = children.get(word)
                    # A key may hold the words `*` and `#`, which are then matched like any other.
                    if child is not None and child is not many:
                        stack.append((child, position + 1))


def _words(key: str) -> list[str]:
    return key.split(".") if key else []
