"""`hsvis check`: two sequences through everything, and what a whole run will take.

Nothing is trained, and nothing is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hsvis.build.plan import Plan
from hsvis.check.expected import Sample, cost, size_of, take_sample
from hsvis.check.labels import doubts, mapping
from hsvis.check.reading import read_two
from hsvis.config import Config
from hsvis.models.subject import Fact
from hsvis.progress import Progress, silent

UNKNOWN = 0.3  # share of tokens that the vocabulary lacks from which it seems to be another one


@dataclass(frozen=True)
class Findings:
    """What a check found: facts, and warnings with their remedies.  Mistakes are raised."""

    facts: list[Fact]
    warnings: list[str]

    def lines(self) -> Iterator[str]:
        """A table of two columns, then the warnings, or that all is well."""
        width = max(len(name) for name, _ in self.facts) + 2
        for name, text in self.facts:
            yield f"{name:<{width}}{text}"
        yield ""
        yield from (f"warning: {one}" for one in self.warnings)
        if not self.warnings:
            yield "All is well."


def check(config: Config, progress: Progress = silent) -> Findings:
    """Reads two sequences of the test split through the whole chain.

    Raises:
        ConfigError, DataError, ModelError: the first mistake, and what to do.
    """
    plan = Plan.of(config, progress)
    corpus, one = plan.corpus, plan.provider.subject()
    facts, warnings = list(one.facts), list(one.warnings)
    sample = take_sample(one, corpus.test, config.dataset.limit)
    progress("reading two sequences", 0, 1)
    facts += read_two(one, corpus.test, sample.first_two)
    progress("reading two sequences", 1, 1)
    facts += mapping(corpus)
    facts.append(("tokens", _known(sample)))
    warnings += _lacking(config, sample)
    expected = size_of(one, sample, config)
    facts += expected.facts()
    progress("timing a sample", 0, 1)
    costs = cost(one, sample, corpus, config)
    progress("timing a sample", 1, 1)
    facts += costs.facts()
    warnings += doubts(corpus, costs.rows, costs.answers if one.trained else None)
    return Findings(facts, warnings)


def _known(sample: Sample) -> str:
    text = f"{sample.unknown:.1%} unknown to the vocabulary"
    if sample.passed_over:
        text += f", {sample.passed_over:.1%} of all passed over, as it has no entry for them"
    where = "all texts" if sample.exact else f"a sample of {len(sample.rows):,} texts"
    return f"{text}, in {where}"


def _lacking(config: Config, sample: Sample) -> Iterator[str]:
    share = max(sample.unknown, sample.passed_over)
    if share > UNKNOWN:
        yield (
            f"{share:.0%} of the tokens are unknown: the model was probably trained with another tokenizer. "
            "Check `model.tokenizer`, `tokens.lowercase` and `dataset.text`."
        )
