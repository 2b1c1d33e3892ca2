"""What is kept of outputs over a vocabulary: against numpy on any numbers."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.models.builtin.checkpoint import checkpoint_bytes, read_checkpoint
from hsvis.models.builtin.text_model import NextWordModel
from hsvis.models.builtin.training import train
from hsvis.models.next_tokens import at_once, rank
from hsvis.models.protocol import perplexity

LOGITS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 9)),
    elements=st.sampled_from([-300.0, -2.0, -1.0, 0.0, 0.5, 3.0]),  # many are equal, some vanish
)


@settings(deadline=None, max_examples=60)
@given(LOGITS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_ranks_and_probabilities_are_those_of_the_whole_row(logits, k, random):
    n, v = logits.shape
    labels = np.array([random.randint(-1, v - 1) for _ in range(n)])
    logs = torch.from_numpy(logits).double().log_softmax(-1)
    found = rank(torch.from_numpy(logits).log_softmax(-1), labels, k)
    p = logs.exp().numpy()
    for row in range(n):
        top = found.next.top[row]
        assert len(set(top.tolist())) == len(top) == min(k, v)
        np.testing.assert_allclose(found.ep[row], np.sort(p[row])[::-1][:k], atol=1e-6)
        label, place = labels[row], found.next.ranks[row]
        if label < 0:
            assert place == 0
            assert np.isnan(found.next.surprisals[row])
            continue
        larger = int((logits[row] > logits[row, label]).sum())
        same = int((logits[row] == logits[row, label]).sum())
        assert larger < place <= larger + same
        assert (place <= len(top)) == (label in top)
        if label in top:
            assert top[place - 1] == label
        np.testing.assert_allclose(found.next.probabilities[row], p[row, label], atol=1e-6)
        np.testing.assert_allclose(
            found.next.surprisals[row], -logs[row, label] / np.log(2), rtol=1e-4, atol=1e-5
        )


def test_perplexity_is_that_of_torch():
    torch.manual_seed(0)
    logits, labels = torch.randn(50, 30), torch.randint(30, (50,))
    labels[[4, 9]] = -1
    found = rank(logits.log_softmax(-1), labels.numpy(), 3).next
    own = torch.nn.functional.cross_entropy(logits, labels, ignore_index=-1).exp()
    np.testing.assert_allclose(perplexity(found.surprisals), own, rtol=1e-5)
    assert perplexity(np.full(3, np.nan)) is None


def test_batches_are_as_small_as_the_vocabulary_is_large():
    assert at_once(10_000).steps * 10_000 * 4 <= 1 << 25
    assert at_once(10).steps == 8192
    assert at_once(10**9).steps == 1


def test_the_built_in_model_learns_what_comes_next():
    rows = ["one two three four", "two three four one", "three four one two", "four one two three"] * 4
    unlabelled = np.full(len(rows), -1, np.int16)
    corpus = Corpus((), Split(rows, unlabelled), Split(rows[:4], unlabelled[:4]))
    model = ModelSettings(hidden=16, embedding=8, epochs=20, batch_size=4, dropout=0, word_dropout=0,
                          learning_rate=0.03, averaging=0.5, answers="next token")  # fmt: skip
    tokens = TokenSettings(max_length=3, keep="first")
    trained = train(corpus, tokens, model)
    assert trained.test_accuracy == 1
    assert trained.perplexity is not None
    assert trained.perplexity < 1.5
    read = read_checkpoint_of(trained, tokens, model)
    found = NextWordModel(read.classifier, read.vocabulary, tokens, (), ["rnn.0"])
    found.top = 3
    one = found.encode("one two three four")
    assert one.tokens == ["one", "two", "three"]
    assert one.end == len("one two three")
    trace = found.trace([one, found.encode("four")])
    words = found.vocabulary_entries
    assert [words[k] for k in trace.next.top[0, :, 0]] == ["two", "three", "four"]
    assert trace.next.ranks[0].tolist() == [1, 1, 1]
    assert trace.next.labels[1, 0] == -1
    logits = found.classifier(torch.from_numpy(one.inputs)[None], torch.tensor([3])).detach()
    own = logits.softmax(-1)[0].sort(descending=True).values[:3]
    np.testing.assert_allclose(trace.ep[0, 2], own, atol=1e-6)
    np.testing.assert_allclose(found.answer([one])[0], own, atol=1e-6)


def read_checkpoint_of(trained, tokens, model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.safetensors"
        path.write_bytes(checkpoint_bytes(trained, (), tokens, model))
        return read_checkpoint(path)
