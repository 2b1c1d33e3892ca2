"""Whether a model knows the words that it is given."""

from collections.abc import Iterator

from hsvis.check.expected import Sample
from hsvis.config import Config
from hsvis.corpus.corpus import Corpus
from hsvis.models.subject import Subject
from hsvis.remarks import Remark

OTHER = 0.3  # share of unknown tokens from which a user's model seems to have another vocabulary
UNKNOWN = 0.01  # share from which unknown tokens are worth a word
TWICE = 2.0  # times what is usual from which a test split seems to be of other texts
SLACK = 0.1  # beside that, for small samples
SPARSE = 0.5  # share of unknown words from which too few are known to learn from


def lacking(one: Subject, corpus: Corpus, config: Config, sample: Sample) -> Iterator[Remark]:
    """Warnings of too many unknown words."""
    share = max(sample.unknown, sample.passed_over)
    if one.usual_unknown is None:
        if UNKNOWN < share <= OTHER:
            lost = "passed over, as the vocabulary lacks them" if sample.passed_over else "unknown"
            yield Remark(
                "unknown-words",
                f"{share:.1%} of the tokens are {lost}. Compare with what was usual in training, and check "
                "`tokens.split`, `tokens.lowercase` and `tokens.unknown`.",
            )
        if share > OTHER:
            yield Remark(
                "unknown-words",
                f"{share:.0%} of the tokens are unknown: the model was probably trained with another "
                "tokenizer. "
                "Check `model.tokenizer`, `tokens.lowercase`, `tokens.split` and `dataset.text`.",
            )
        return
    usual = one.usual_unknown
    if share > TWICE * usual + SLACK:
        yield Remark(
            "unknown-words",
            f"{share:.0%} of the test words never occur in training or are too rare there, where "
            f"{usual:.0%} would be "
            f"usual: the two splits seem to be of other texts. Check `dataset.text` and both splits.",
        )
    elif share > SPARSE:
        yield Remark(
            "unknown-words",
            f"{share:.0%} of the test words never occur in training: there are too few texts for words. "
            "Take more "
            "data, or set `tokens.split: characters`.",
        )
