"""Models that read two texts: as two arguments, or as one sequence with a token between."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from hsvis.build.extraction import extract
from hsvis.config import DatasetSettings, TokenSettings, UserModelSettings
from hsvis.corpus.pairs.pair import Pair
from hsvis.errors import ModelError
from hsvis.models.user.reading.probe import probe_of
from hsvis.models.user.template import template_of
from hsvis.models.user.user_model import make_user_model

WORDS = "<pad> <unk> [SEP] aa bb cc dd ee ff gg hh ii jj".split()  # noqa: SIM905
PAIRS = [
    ("aa bb cc dd ee", "ff gg hh"),
    ("bb aa", "hh gg ff ee dd cc"),
    ("cc", "dd ee ff gg"),
    ("aa bb cc", "dd"),
    ("ee ee ff aa", "gg hh ii jj"),
]


class Siamese(nn.Module):
    """One encoder for both, as InferSent and Manhattan LSTMs have it."""

    bidirectional = False

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.words = nn.Embedding(len(WORDS), 6)
        self.rnn = nn.LSTM(6, 4, batch_first=True, bidirectional=self.bidirectional)
        self.out = nn.Linear(8 * (1 + self.bidirectional), 3)

    def side(self, ids):
        return self.rnn(self.words(ids))[0].mean(1)

    def forward(self, premise, hypothesis):
        return self.out(torch.cat([self.side(premise), self.side(hypothesis)], 1))

    def states(self, premise, hypothesis):
        return {"rnn.0": [self.rnn(self.words(ids))[0][..., :4] for ids in (premise, hypothesis)]}


class Both(Siamese):
    bidirectional = True


class Packed(Siamese):
    """With the lengths of each, by name."""

    def forward(self, s1, s1_len, s2, s2_len):
        means = []
        for ids, lengths in ((s1, s1_len), (s2, s2_len)):
            packed = pack_padded_sequence(self.words(ids), lengths, batch_first=True, enforce_sorted=False)
            means.append(pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0].mean(1))
        return self.out(torch.cat(means, 1))


class Conditional(Siamese):
    """The second reader begins with the last state of the first (Rocktäschel et al., 2016)."""

    def __init__(self):
        super().__init__()
        self.second, self.out = nn.LSTM(6, 4, batch_first=True), nn.Linear(4, 3)

    def forward(self, premise, hypothesis):
        _, last = self.rnn(self.words(premise))
        return self.out(self.second(self.words(hypothesis), last)[0][:, -1])

    def states(self, premise, hypothesis):
        own, last = self.rnn(self.words(premise))
        other = self.second(self.words(hypothesis), last)[0]
        return {
            "rnn.0": [own, own[:, -1:].expand(-1, hypothesis.shape[1], -1)],
            "second.0": [torch.zeros(1, premise.shape[1], 4), other],
        }


class Turned(Siamese):
    def forward(self, premise, hypothesis):
        other = self.side(hypothesis)
        return self.out(torch.cat([self.side(premise), other], 1))


class Wide(Siamese):
    """Needs two words of the second text, and three of the first."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv1d(6, 4, 3), nn.Conv1d(6, 4, 2)

    def forward(self, premise, hypothesis):
        self.side(premise), self.side(hypothesis)
        x, y = self.one(self.words(premise).mT).amax(2), self.two(self.words(hypothesis).mT).amax(2)
        return self.out(torch.cat([x, y], 1))


class Joined(Siamese):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(4, 3)

    def forward(self, ids):
        return self.out(self.rnn(self.words(ids))[0][:, -1])


class Backwards(Siamese):
    def side(self, ids):
        return self.rnn(self.words(ids).flip(1))[0].mean(1)


def with_lengths(module, first, second, first_lengths, second_lengths):
    assert (first_lengths == first.shape[1]).all()
    assert (second_lengths == second.shape[1]).all()
    return module(first, second)


@pytest.fixture
def made(tmp_path: Path, monkeypatch):
    (tmp_path / "words.txt").write_text("\n".join(WORDS))

    def make(module, words=tmp_path / "words.txt", *, fixed=None, forward=None, **tokens):
        settings = UserModelSettings(factory="x:y", tokenizer=str(words), forward=forward)
        names = ["premise", "hypothesis"]
        dataset = DatasetSettings(path="csv", data_files={"test": "x"}, text=names, fixed=fixed)
        swapped = fixed == names[1]
        pairs = [Pair(*(one[::-1] if swapped else one), swapped=swapped) for one in PAIRS]
        own = make_user_model(
            settings, TokenSettings(**tokens), ["no", "maybe", "yes"], pairs, module.eval(), dataset=dataset
        )
        return own, pairs

    return make


def ids(text: str) -> torch.Tensor:
    return torch.tensor([[WORDS.index(word) for word in text.split()]])


def own_answer(module, first, second) -> np.ndarray:
    with torch.no_grad():
        if isinstance(module, Packed):
            n = [torch.tensor([one.shape[1]]) for one in (first, second)]
            return module(first, n[0], second, n[1]).softmax(1)[0].numpy()
        return module(first, second).softmax(1)[0].numpy()


@pytest.mark.parametrize("fixed", [None, "hypothesis"])
@pytest.mark.parametrize("kind", [Siamese, Both, Packed, Conditional, Turned])
def test_states_and_eps_are_those_of_plain_calls_with_both_texts(made, kind, fixed):
    module = kind()
    own, pairs = made(module, fixed=fixed)
    assert own.model.call.of_sides
    batch = [own.model.encode(pair) for pair in pairs]
    trace, found = own.model.trace(batch), extract(own.model, batch)
    begin = 0
    for k, (premise, hypothesis) in enumerate(PAIRS):
        texts = [ids(premise), ids(hypothesis)]
        kept, grows = texts[::-1] if fixed else texts
        eps = []
        for t in range(1, grows.shape[1] + 1):
            given = (grows[:, :t], kept) if fixed else (kept, grows[:, :t])
            eps.append(own_answer(module, *given))
        n, steps = kept.shape[1], len(batch[k])
        assert (steps, batch[k].boundary) == (n + grows.shape[1], n)
        for ep in (trace.ep[k, :steps], found.ep[begin : begin + steps]):
            assert np.isnan(ep[:n]).all()
            np.testing.assert_allclose(ep[n:], eps, atol=1e-5)
        if not (fixed and kind is Conditional):
            with torch.no_grad():
                sides = module.states(*texts)
            for name, parts in sides.items():
                shown = torch.cat(parts[::-1] if fixed else parts, 1)[0]
                np.testing.assert_allclose(trace.states[name][k, :steps], shown, atol=1e-5)
        begin += steps
    np.testing.assert_allclose(own.model.answer(batch), found.ep[found.last], atol=1e-5)
    assert any("is given as a whole" in one.text for one in own.remarks if one.code == "pairs")


def test_a_layer_that_reads_one_text_keeps_its_state_and_that_is_told(made):
    own, _ = made(Conditional())
    told = " ".join(one.text for one in own.remarks)
    assert "`rnn` reads the first text alone" in told
    assert "`second` reads the second text alone" in told


def test_texts_that_are_too_short_are_left_out(made):
    own, pairs = made(Wide())
    shortest = own.model.shortest
    assert (shortest.fixed, shortest.steps) == (3, 2)
    read = [not own.model.unread(own.model.encode(pair)) for pair in pairs]
    assert read == [True, False, False, False, True]
    assert own.model.unread(own.model.encode(Pair("aa bb cc", ""))) == "without one of the two texts"
    ep = own.model.trace([own.model.encode(pairs[0])]).ep[0]
    assert np.isnan(ep[:6]).all()
    np.testing.assert_allclose(ep[6], own_answer(own.model.module, ids(PAIRS[0][0]), ids("ff gg")), atol=1e-5)


@pytest.mark.parametrize(("between", "id_"), [(None, 2), ("jj", 12), (4, 4)])
def test_a_model_of_one_sequence_reads_both_with_a_token_between(made, between, id_):
    module = Joined()
    own, pairs = made(module, between=between)
    one = own.model.encode(pairs[0])
    expected = [*ids(PAIRS[0][0])[0].tolist(), id_, *ids(PAIRS[0][1])[0].tolist()]
    assert one.inputs.tolist() == expected
    assert one.boundary == 6
    ep = own.model.trace([one]).ep[0]
    with torch.no_grad():
        plain = [
            module(torch.tensor([expected[: t + 1]])).softmax(1)[0].numpy() for t in range(len(expected))
        ]
    np.testing.assert_allclose(ep, plain, atol=1e-5)
    assert any(f"with `{WORDS[id_]}` between" in one.text for one in own.remarks if one.code == "pairs")


@pytest.mark.parametrize(("keep", "first", "boundary"), [("last", 3, 3), ("first", 0, 6)])
def test_what_is_padded_is_no_longer_than_that(made, keep, first, boundary):
    own, pairs = made(Joined(), pad_to=6, keep=keep)
    whole = [*PAIRS[0][0].split(), "[SEP]", *PAIRS[0][1].split()]
    one = own.model.encode(pairs[0])
    assert one.tokens == whole[first : first + 6]
    assert one.boundary == boundary
    assert np.isfinite(own.model.trace([one]).ep).all()


@pytest.mark.parametrize(
    ("module", "more", "said"),
    [
        (Joined, {"fixed": "premise"}, "`dataset.fixed` has no use"),
        (Joined, {"between": "nothing"}, "no entry `nothing`"),
        (Joined, {"between": 99}, "these are 0 to 12"),
        (Siamese, {"pad_to": 9}, "`tokens.pad_to` is for models that read one sequence"),
        (Backwards, {}, "from the last to the first"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(made, module, more, said):
    with pytest.raises(ModelError, match=said):
        made(module(), **more)


def test_a_vocabulary_without_a_separator_is_refused(made, tmp_path):
    (tmp_path / "none.txt").write_text("\n".join(one for one in WORDS if one != "[SEP]"))
    with pytest.raises(ModelError, match="`tokens.between`"):
        made(Joined(), tmp_path / "none.txt")


def test_a_tokenizer_file_puts_its_own_tokens_around_both_texts_once(made, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    entries = {word: k for k, word in enumerate([*WORDS, "[CLS]"])}
    file = Tokenizer(models.WordLevel(entries, unk_token="<unk>"))
    file.pre_tokenizer = pre_tokenizers.Whitespace()
    file.add_special_tokens(["[CLS]", "[SEP]"])
    file.post_processor = processors.BertProcessing(("[SEP]", entries["[SEP]"]), ("[CLS]", entries["[CLS]"]))
    file.save(str(tmp_path / "tokenizer.json"))

    class Wider(Joined):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(len(entries), 6)

    own, pairs = made(Wider(), tmp_path / "tokenizer.json")
    one = own.model.encode(pairs[0])
    plain = file.encode(*PAIRS[0])
    assert one.inputs.tolist() == plain.ids  # as the library reads a pair itself
    assert one.boundary == plain.type_ids.index(1)
    assert one.tokens == ["[CLS]", *PAIRS[0][0].split(), "[SEP]", *PAIRS[0][1].split(), "[SEP]"]


def test_the_template_of_a_model_of_two_texts_works(made):
    own, pairs = made(Siamese())
    found = template_of(own.model.module, probe_of(pairs, own.reads), ["no", "maybe", "yes"])
    assert not found.problem
    assert "def forward(module, first, second, first_lengths, second_lengths):" in found.source


def test_a_function_may_call_the_model_with_both(made):
    own, pairs = made(Siamese(), forward=f"{__name__}:with_lengths")
    assert "first_lengths" in own.model.call.text
    ep = own.model.trace([own.model.encode(pairs[0])]).ep[0]
    np.testing.assert_allclose(ep[-1], own_answer(own.model.module, *map(ids, PAIRS[0])), atol=1e-5)
