"""The board: facts folded into what desks show, with what changed since they were last told."""

from acd.desk.board.changed import Changed
from acd.desk.board.fold import Board
from acd.desk.board.state import BoardState

__all__ = ["Board", "BoardState", "Changed"]
