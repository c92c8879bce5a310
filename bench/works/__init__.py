"""What is measured: a module a kind of work, which gives a list of works."""

from dataclasses import dataclass, field
from typing import Callable

OURS = "runexp"


@dataclass(frozen=True)
class Work:
    """Something that several contestants do in turn.

    A contestant's function gives its costs by figure, such as {"forward": seconds}: less is better. Ours gives
    besides {"shares": {figure: of the machine's measured limit}}.
    """

    group: str
    name: str
    contestants: dict[str, Callable[[], dict]]
    # The least ratio of a peer's cost to ours that is aimed at, by peer, of all figures or of each; under `share` the
    # least share of the limit.
    goals: dict[str, float | dict[str, float]] = field(default_factory=dict)
    # Rounds that are enough of what takes long; 0: as many as of others.
    rounds: int = 0


@dataclass
class Group:
    """A kind of work, and how its table is headed."""

    title: str
    # What the share is of.
    limit: str
    about: str
    works: list[Work]
    unit: str = "seconds"
