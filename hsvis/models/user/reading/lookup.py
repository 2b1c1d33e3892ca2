"""Whether the ids of a tokenizer fit the embedding that looks them up."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from hsvis.errors import ModelError


@dataclass
class Lookups:
    """What the embeddings of a module were asked for during some calls.

    Attributes:
        beyond: the first ids that an embedding has no row for, in words; wrong: these.
        last: path -> the ids of its last call, sorted, (n,) int64.
    """

    beyond: str | None = None
    wrong: frozenset[float] = frozenset()
    last: dict[str, torch.Tensor] = field(default_factory=dict)


@contextmanager
def looked_up(module: nn.Module) -> Iterator[Lookups]:
    """Watches every nn.Embedding; an id beyond it raises here, and not as an IndexError deep inside."""
    seen = Lookups()
    with ExitStack() as stack:
        for path, table in module.named_modules():
            if isinstance(table, nn.Embedding):

                def watch(one: nn.Module, given: tuple[Any, ...], path: str = path) -> None:
                    ids = given[0].detach().reshape(-1)
                    seen.last[path] = ids.cpu().long().sort().values
                    rows = len(one.weight)  # type: ignore[arg-type]
                    wrong = ids[(ids < 0) | (ids >= rows)]
                    if len(wrong):
                        seen.wrong = frozenset(wrong.tolist())
                        seen.beyond = (
                            f"gives ids up to {int(wrong.max())}, but `{path}` has only {rows:,} entries, "
                            f"0 to {rows - 1}"
                        )
                        raise ModelError(seen.beyond)

                stack.callback(table.register_forward_pre_hook(watch).remove)
        yield seen


def tables_of(module: nn.Module, seen: Lookups, ids: torch.Tensor) -> dict[str, int]:
    """Path -> rows of the embeddings that were asked for just these ids (any shape) in their last call."""
    wanted = ids.reshape(-1).cpu().long().sort().values
    parts: dict[str, Any] = dict(module.named_modules())
    return {path: len(parts[path].weight) for path, found in seen.last.items() if torch.equal(found, wanted)}
