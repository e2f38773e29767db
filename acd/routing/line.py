"""The order in which contacts wait.

A contact's key is its arrival minus its head start, in ms, above its number: smaller goes first, equals go by
number. `Line` is a queue's whole line, with positions. `Rank` holds the contacts of one queue that ask for the
same, from the same region, with the same head start: since steps only ever ask for less, none of them can be
eligible for an agent before the first one is, unless that agent has refused the first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from acd.routing.keys import NUMBER_BITS, NUMBER_MASK, ORIGIN_MS

if TYPE_CHECKING:
    from acd.routing.contact import Contact
    from acd.routing.pools import Requirement
    from acd.routing.state import State

_BLOCK: Final = 512


def order_key(arrived_ms: int, head_start_ms: int, number: int) -> int:
    """The place of a contact in every line it stands in."""
    return ((arrived_ms - head_start_ms - ORIGIN_MS) << NUMBER_BITS) | number


class Line:
    """All contacts that wait in one queue, sorted, in blocks: joining, leaving and positions cost about as much
    as one block is long."""

    __slots__ = ("blocks", "firsts", "length")

    def __init__(self) -> None:
        self.blocks: list[list[int]] = []
        self.firsts: list[int] = []
        self.length = 0

    def join(self, key: int) -> None:
        """Enter at the place that the key says."""
        self.length += 1
        blocks = self.blocks
        if not blocks:
            blocks.append([key])
            self.firsts.append(key)
            return
        firsts = self.firsts
        if key > firsts[-1]:
            index = len(blocks) - 1
            block = blocks[index]
            if key > block[-1]:
                block.append(key)
            else:
                insort(block, key)
        else:
            index = max(0, bisect_left(firsts, key) - 1)
            block = blocks[index]
            insort(block, key)
            firsts[index] = block[0]
        if len(block) > 2 * _BLOCK:
            self._split(index)

    def leave(self, key: int) -> None:
        """Take a key out; it must be there."""
        firsts = self.firsts
        index = 0 if len(firsts) == 1 else bisect_left(firsts, key + 1) - 1
        block = self.blocks[index]
        place = bisect_left(block, key)
        assert place < len(block) and block[place] == key, f"key {key} is not in the line"
        del block[place]
        self.length -= 1
        if not block:
            del self.blocks[index]
            del firsts[index]
        elif place == 0:
            firsts[index] = block[0]

    def position(self, key: int) -> int:
        """How manieth a key is, or would be; 1 is next."""
        index = max(0, bisect_left(self.firsts, key + 1) - 1)
        if not self.blocks:
            return 1
        return sum(map(len, self.blocks[:index])) + bisect_left(self.blocks[index], key) + 1

    def first(self) -> int | None:
        """The key of whoever is next, or None."""
        return self.firsts[0] if self.firsts else None

    def __iter__(self) -> Iterator[int]:
        """All keys in order; the line must not change meanwhile."""
        for block in self.blocks:
            yield from block

    def _split(self, index: int) -> None:
        """A block is full. The last one is split near its end, so that blocks of a growing line are full."""
        block = self.blocks[index]
        cut = _BLOCK if index < len(self.blocks) - 1 else 2 * _BLOCK - 1
        self.blocks.insert(index + 1, block[cut:])
        self.firsts.insert(index + 1, block[cut])
        del block[cut:]


class Rank(Line):
    """Contacts that ask for the same, from the same region, with the same head start."""

    __slots__ = ("head_start_ms", "region", "requirement")

    def __init__(self, region: int, head_start_ms: int, requirement: Requirement) -> None:
        super().__init__()
        self.region = region
        self.head_start_ms = head_start_ms
        self.requirement = requirement

    def contacts(self, state: State) -> Iterator[Contact]:
        """All in order; the rank must not change meanwhile."""
        for key in self:
            yield state.numbered[key & NUMBER_MASK]
