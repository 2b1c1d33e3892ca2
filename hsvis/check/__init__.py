"""`hsvis check`: two sequences through everything, and what a whole run will take.

Nothing is trained, and nothing is written.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from hsvis.build.plan import Plan
from hsvis.check.expected import Sample, cost, size_of, take_sample
from hsvis.check.labels import class_counts, doubts, mapping, next_words, read_steps
from hsvis.check.reading import ask_ends, read_two
from hsvis.check.series import series_data, series_facts
from hsvis.check.vocabulary import lacking
from hsvis.config import Config
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.rows import Used, reasons, used_rows
from hsvis.models.protocol import steps_of_layer
from hsvis.models.subject import Fact, Subject
from hsvis.progress import Progress, silent
from hsvis.remarks import Remark


@dataclass(frozen=True)
class Findings:
    """What a check found: facts, and remarks with their remedies.  Mistakes are raised.

    Attributes:
        data: what scripts are told beside the remarks.
    """

    facts: list[Fact]
    remarks: list[Remark]
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def decisions(self) -> list[Remark]:
        return [one for one in self.remarks if not one.is_warning]

    @property
    def warnings(self) -> list[Remark]:
        return [one for one in self.remarks if one.is_warning]

    def lines(self) -> Iterator[str]:
        """A table of two columns, what was decided, then the warnings, or that all is well."""
        decided = [("decided", one.text) for one in self.decisions]
        width = max(len(name) for name, _ in [*self.facts, *decided]) + 2
        for name, text in [*self.facts, *decided]:
            yield f"{name:<{width}}{text}"
        yield ""
        yield from (f"warning: {one.text}" for one in self.warnings)
        if not self.warnings:
            yield "All is well."

    def as_json(self) -> dict[str, Any]:
        """One object for scripts; `ok` where there is no warning."""
        return {
            "ok": not self.warnings,
            **self.data,
            "decisions": [asdict(one) for one in self.decisions],
            "warnings": [asdict(one) for one in self.warnings],
        }


def check(config: Config, progress: Progress = silent) -> Findings:
    """Reads two sequences of the test split through the whole chain.

    Raises:
        ConfigError, DataError, ModelError: the first mistake, and what to do.
    """
    plan = Plan.of(config, progress)
    corpus, one = plan.corpus, plan.provider.subject()
    facts, remarks = list(one.facts), [*plan.remarks, *one.remarks]
    sample = take_sample(one, corpus.test, plan.rows)
    progress("reading two sequences", 0, 1)
    facts += read_two(one, corpus.test, sample.first_two, corpus.answers)
    ask_ends(one, sample.encoded)
    progress("reading two sequences", 1, 1)
    facts += mapping(corpus) if corpus.classes else next_words(one)
    rows = {
        "train": used_rows(corpus.train, config.tokens.split, needs_label=bool(corpus.classes)),
        "test": used_rows(corpus.test, config.tokens.split, needs_label=False),
    }
    if sample.exact and len(plan.rows) == len(corpus.test):  # what the model's own reader makes of each
        for reason, number in sample.left_out.items():
            rows["test"] = rows["test"].but(reason, number)
    facts += [("rows", _used(name, used)) for name, used in rows.items() if used.read]
    if not sample.exact and len(sample.rows) < sample.read:
        why = reasons(sample.left_out)
        facts.append(("", f"of a sample of {sample.read:,} rows to analyse some are left out: {why}"))
    facts += series_facts(corpus)
    if len(corpus.train):
        facts.append(("overlap", _overlap(plan)))
    facts.append(("tokens", _known(sample)))
    remarks += lacking(one, corpus, config, sample)
    expected = size_of(one, sample, config)
    facts += expected.facts()
    progress("timing a sample", 0, 1)
    costs = cost(one, sample, corpus, config)
    progress("timing a sample", 1, 1)
    facts += costs.facts()
    if one.trained and corpus.test.unit == "step":
        some = {row: read for row, read in zip(sample.rows, sample.encoded, strict=True) if row in costs.rows}
        remarks += doubts(corpus, *read_steps(one.model, corpus.test, config.tokens, some), what="steps")
    elif one.trained and corpus.classes:
        remarks += doubts(corpus, corpus.test.labels[costs.rows], costs.answers.argmax(1))
    return Findings(facts, list(dict.fromkeys(remarks)), _data(corpus, one, rows, _layer_steps(one, sample)))


def _layer_steps(one: Subject, sample: Sample) -> dict[str, int]:
    """layer -> the steps that it reads in the whole run."""
    return {
        layer.name: round(
            sum(steps_of_layer(one.model, layer.name, len(read)) for read in sample.encoded) * sample.scale
        )
        for layer in one.model.layers
    }


def _data(corpus: Corpus, one: Subject, rows: dict[str, Used], steps: dict[str, int]) -> dict[str, Any]:
    """What scripts are told; `steps` that each layer reads in the run."""
    counts = class_counts(corpus)
    return {
        "classes": list(corpus.classes) if counts else [],
        "rows": {
            name: {"read": used.read, "kept": used.kept, "left_out": dict(used.left_out)}
            for name, used in rows.items()
        },
        "counts": dict(zip(corpus.classes, counts, strict=bool(counts))),
        "series": series_data(corpus),
        "columns": list(corpus.columns),
        "dialect": None if corpus.dialect is None else asdict(corpus.dialect),
        "encoder": one.encoder,
        "call": one.call,
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "size": layer.size,
                "direction": layer.direction,
                "steps": steps[layer.name],
            }
            for layer in one.model.layers
        ],
        "ep": one.ep,
        "answers": corpus.answers,
    }


def _used(name: str, used: Used) -> str:
    split = {"train": "training", "test": "test"}[name]
    why = reasons(used.left_out)
    return f"{split}: {used.kept:,} of {used.read:,} used" + (f"; {why}" if why else "")


def _overlap(plan: Plan) -> str:
    found = plan.overlap
    return (
        f"{found.folded:,} of {found.total:,} rows of the test split "
        f"({found.folded / max(1, found.total):.2%}) "
        f"stand in the training split too, {found.exact:,} of them to the character"
    )


def _known(sample: Sample) -> str:
    text = f"{sample.unknown:.1%} unknown to the vocabulary"
    if sample.passed_over:
        text += f", {sample.passed_over:.1%} of all passed over, as it has no entry for them"
    where = "all texts" if sample.exact else f"a sample of {len(sample.rows):,} texts"
    return f"{text}, in {where}"
