"""A user's own model from YAML: built, shown, and every mistake answered by one message."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from own_models import AttentionGru, Dropping, LastState, PackedTagger, characters
from own_run import WORDS, make_folder, saved, write_config
from tokenizers import Tokenizer, models, pre_tokenizers

from hsvis.build.pipeline import build
from hsvis.config import Config, TokenSettings, UserModelSettings, load_config
from hsvis.corpus.tokens import word_forms
from hsvis.errors import ConfigError, ModelError
from hsvis.models.user.reading.encoders import encoder, of_function
from hsvis.models.user.user_model import make_user_model
from hsvis.run.store import StateStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def config(folder: Path, **model: Any) -> Config:
    return load_config(write_config(folder, **model))


def check_run(store: StateStore, module: Any, ids: dict[str, int]) -> None:
    """EPs of every step against the module's own answers to prefixes."""
    for index in range(store.n_sequences):
        sequence = store.sequence(index)
        inputs = torch.tensor([[ids.get(form, 1) for form in word_forms(sequence.text, lowercase=True)]])
        for t in range(len(sequence.tokens)):
            prefix = inputs[:, : t + 1]
            answer = (
                module(prefix, torch.tensor([t + 1])) if isinstance(module, PackedTagger) else module(prefix)
            )
            own = torch.stack([1 - answer, answer], 1) if answer.dim() == 1 else answer.softmax(-1)
            np.testing.assert_allclose(sequence.ep[t], own[0].detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_a_bidirectional_model_with_packed_input_is_a_run(
    folder: Path, session_cache: Path, ending: str
) -> None:
    torch.manual_seed(0)
    module = PackedTagger(len(WORDS)).eval()
    path = saved(module, folder / f"weights.{ending}")
    store = build(
        config(
            folder, factory="own_models:PackedTagger", kwargs=f"{{words: {len(WORDS)}}}", checkpoint=path,
            tokenizer=folder / "vocab.txt",
        )
    )  # fmt: skip
    assert set(store.layers) == {
        f"encoder.{k}{way}{kind}" for k in (0, 1) for way in ("", ".reverse") for kind in ("", ".cell")
    }
    assert store.n_sequences == 21  # three texts are empty
    assert store.manifest.own_model is not None
    assert store.manifest.own_model.ep == "prefixes"
    check_run(store, module, {word: k for k, word in enumerate(WORDS)})
    right = np.mean(store.predicted == store.labels)
    assert store.test_accuracy == pytest.approx(right)
    assert not store.sequence(6).known[1]  # "unheard"
    again = build(
        config(
            folder, factory="own_models:PackedTagger", kwargs=f"{{words: {len(WORDS)}}}", checkpoint=path,
            tokenizer=folder / "vocab.txt",
        )
    )  # fmt: skip
    assert again.folder.path == store.folder.path


def test_other_weights_are_another_run(folder: Path, session_cache: Path) -> None:
    runs = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        path = saved(LastState(len(WORDS)), folder / "weights.safetensors")
        runs.append(
            build(
                config(
                    folder, factory="own_models:LastState", kwargs=f"{{words: {len(WORDS)}}}",
                    checkpoint=path, tokenizer=folder / "vocab.txt",
                )
            )
        )  # fmt: skip
    assert runs[0].folder.path != runs[1].folder.path
    assert runs[0].manifest.own_model.ep == "head"
    torch.manual_seed(1)
    check_run(runs[1], LastState(len(WORDS)).eval(), {word: k for k, word in enumerate(WORDS)})


def built_of(
    folder: Path, factory: str, rows: list[tuple[str, str]], part_steps: int
) -> tuple[StateStore, Any]:
    """A run in parts of so many steps, of a factory with the weights of a LastState; and that module."""
    pd.DataFrame(rows, columns=["text", "label"]).to_parquet(folder / "test.parquet")
    torch.manual_seed(0)
    module = LastState(len(WORDS)).eval()
    path = write_config(
        folder, factory=f"own_models:{factory}", kwargs=f"{{words: {len(WORDS)}}}",
        checkpoint=saved(module, folder / "weights.safetensors"), tokenizer=folder / "vocab.txt",
    )  # fmt: skip
    return build(load_config(path, [f"states.part_steps={part_steps}"])), module


def random_rows(lengths: list[int]) -> list[tuple[str, str]]:
    rng = np.random.default_rng(0)
    return [(" ".join(rng.choice(WORDS[2:], n)), ["neg", "pos"][k % 2]) for k, n in enumerate(lengths)]


def test_parts_that_are_read_side_by_side_do_not_mix(folder: Path, session_cache: Path) -> None:
    rows = random_rows([40] * 400)
    store, module = built_of(folder, "LastState", rows, part_steps=200)
    for index in (0, 199, 399):
        ids = torch.tensor([[WORDS.index(word) for word in rows[index][0].split()]])
        states = module.gru(module.embedding(ids))[0][0].detach().numpy()
        np.testing.assert_allclose(store.states(index, "gru.0"), states, atol=1e-5)


def test_a_model_that_keeps_things_in_attributes_is_asked_by_one_thread_at_a_time(
    folder: Path, session_cache: Path
) -> None:
    rows = random_rows([k % 5 + 3 for k in range(120)])
    store, module = built_of(folder, "Remembering", rows, part_steps=30)
    check_run(store, module, {word: k for k, word in enumerate(WORDS)})


def test_what_a_function_reads_is_cut_by_the_length_limit() -> None:
    text = "good good film"
    for keep, expected in (("last", "d film"), ("first", "good g")):
        tokens = TokenSettings(max_length=6, keep=keep)  # type: ignore[call-arg,arg-type]
        read = encoder("own_models:characters", tokens)(text)
        assert "".join(read.tokens) == expected
        assert text[read.start : read.end] == expected
        assert len(read.inputs) == len(read.known) == 6


def test_a_function_can_be_the_tokenizer(folder: Path, session_cache: Path) -> None:
    torch.manual_seed(0)
    module = AttentionGru(28).eval()
    path = saved(module, folder / "weights.safetensors")
    store = build(
        config(
            folder, factory="own_models:AttentionGru", kwargs="{words: 28}", checkpoint=path,
            tokenizer="own_models:characters",
        )
    )  # fmt: skip
    sequence = store.sequence(0)
    letters, ids = characters(sequence.text)
    assert sequence.tokens == letters
    own = module(torch.tensor([ids[:9]])).softmax(-1)[0].detach().numpy()
    np.testing.assert_allclose(sequence.ep[8], own, atol=1e-5)


def test_vocabularies_of_words_and_characters(folder: Path) -> None:
    settings = TokenSettings.model_validate({})
    read = encoder(str(folder / "vocab.txt"), settings)("The film, unheard!")
    assert read.tokens == ["The", "film,", "unheard!"]
    assert read.inputs.tolist() == [WORDS.index("the"), WORDS.index("film"), 1]
    assert read.known.tolist() == [True, True, False]
    (folder / "letters.json").write_text('{"[UNK]": 9, "a": 3, "b": 4, " ": 5}', encoding="utf-8")
    read = encoder(str(folder / "letters.json"), settings)("ab ü")
    assert (read.tokens, read.inputs.tolist()) == (["a", "b", " ", "ü"], [3, 4, 5, 9])


def test_sub_words_of_a_tokenizer_file_are_shown_as_such(folder: Path) -> None:
    vocabulary = {"[UNK]": 0, "film": 1, "##s": 2, "good": 3}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_padding(length=9)
    tokenizer.enable_truncation(2)
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    read = encoder(str(path), TokenSettings.model_validate({}))("good films xyz")
    assert read.tokens == ["good", "film", "s", "xyz"]
    assert read.inputs.tolist() == [3, 1, 2, 0]
    assert read.known.tolist() == [True, True, True, False]
    assert (read.start, read.end) == (0, 14)
    for settings, shown in ((last(2), "s xyz"), (first(2), "good film")):
        read = encoder(str(path), settings)("good films xyz")
        assert "good films xyz"[read.start : read.end] == shown


MISTAKES = [
    ({"factory": "nowhere:Model"}, "`nowhere` can't be imported"),
    ({"factory": "own_models:Missing"}, "`own_models` has no `Missing`"),
    ({"factory": "own_models:failing"}, "own_models:failing raised ValueError: no such size"),
    ({"factory": "own_models:no_module"}, "returned dict, not an nn.Module"),
    ({"kwargs": "{size: 3}"}, "raised TypeError"),
    ({"tokenizer": "null"}, "`model.tokenizer` is missing"),
    ({"tokenizer": "gone.txt"}, "gone.txt: can't be read"),
    ({"checkpoint": "gone.pt"}, "gone.pt: there is no such file"),
    ({"kwargs": "{words: 5}"}, "`embedding.weight` has the shape"),
    ({"recurrent": "[lstm]"}, "There are: gru"),
    ({"head": "classifier"}, "There are: embedding, gru, out"),
]


@pytest.mark.parametrize(("change", "words"), MISTAKES)
def test_a_mistake_is_one_message(
    folder: Path, session_cache: Path, change: dict[str, str], words: str
) -> None:
    torch.manual_seed(0)
    path = saved(LastState(len(WORDS)), folder / "weights.safetensors")
    right = {
        "factory": "own_models:LastState",
        "kwargs": f"{{words: {len(WORDS)}}}",
        "checkpoint": path,
        "tokenizer": folder / "vocab.txt",
    }
    with pytest.raises(ModelError) as caught:
        build(config(folder, **(right | change)))
    assert words in str(caught.value)


def test_the_checkpoint_of_another_architecture_names_the_keys(folder: Path, session_cache: Path) -> None:
    path = saved(AttentionGru(len(WORDS)), folder / "weights.safetensors")
    with pytest.raises(ModelError, match=r"another architecture.*`score\.bias`, `score\.weight` besides"):
        build(
            config(
                folder, factory="own_models:LastState", kwargs=f"{{words: {len(WORDS)}}}", checkpoint=path,
                tokenizer=folder / "vocab.txt",
            )
        )  # fmt: skip


def test_a_pickle_that_runs_code_is_refused_with_the_way_to_convert_it(
    folder: Path, session_cache: Path
) -> None:
    path = folder / "whole.pt"
    torch.save(LastState(len(WORDS)), path)
    with pytest.raises(ModelError, match=r"without running code in it \(of own_models\.LastState\)"):
        build(
            config(
                folder, factory="own_models:LastState", kwargs=f"{{words: {len(WORDS)}}}", checkpoint=path,
                tokenizer=folder / "vocab.txt",
            )
        )  # fmt: skip


def test_a_vocabulary_of_another_model_is_refused(folder: Path, session_cache: Path) -> None:
    with pytest.raises(ModelError, match=r"gives ids up to \d+, but `embedding` has only 5 entries"):
        build(
            config(
                folder, factory="own_models:LastState", kwargs="{words: 5}", tokenizer=folder / "vocab.txt"
            )
        )


def test_settings_of_both_kinds_of_model_do_not_mix(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"`model\.cell` is not a setting"):
        config(folder, factory="own_models:LastState", cell="gru")


def test_a_function_may_read_tokens_that_do_not_stand_in_the_text() -> None:
    text = "good bad film"
    words = of_function("words", lambda _: (["good", "<sep>", "bad", "", "film"], [5, 1, 6, 1, 7]), first(3))
    assert (words(text).start, words(text).end) == (0, 8)
    words = of_function("words", lambda _: (["good", "<sep>", "bad", "", "film"], [5, 1, 6, 1, 7]), first(4))
    assert (words(text).start, words(text).end) == (0, 8)
    ends = of_function("words", lambda _: (["good", "<sep>", "bad", "", "film"], [5, 1, 6, 1, 7]), last(3))
    assert (ends(text).start, ends(text).end) == (5, 13)
    assert ends(text).tokens == ["bad", "", "film"]


def first(most: int) -> TokenSettings:
    return TokenSettings.model_validate({"max_length": most, "keep": "first"})


def last(most: int) -> TokenSettings:
    return TokenSettings.model_validate({"max_length": most})


def test_whether_the_factory_left_it_in_training_mode_is_told_where_it_matters(folder: Path) -> None:
    def made(module: torch.nn.Module) -> bool:
        settings = config(
            folder, factory="own_models:LastState", kwargs=f"{{words: {len(WORDS)}}}",
            tokenizer=folder / "vocab.txt",
        ).model  # fmt: skip
        assert isinstance(settings, UserModelSettings)
        texts = ["a good film", "bad"]
        return make_user_model(settings, first(10), ["neg", "pos"], texts, module).left_training

    plain, dropping = LastState(len(WORDS)), Dropping(len(WORDS))
    assert (made(plain), made(dropping)) == (False, True)
    assert not made(dropping.eval())


def test_the_first_entry_of_an_embedding_is_an_id_like_others(folder: Path) -> None:
    (folder / "from_0.txt").write_text("film\ngood\n<unk>\n", encoding="utf-8")
    settings = config(
        folder, factory="own_models:LastState", kwargs="{words: 3}", tokenizer=folder / "from_0.txt"
    ).model
    assert isinstance(settings, UserModelSettings)
    model = make_user_model(settings, first(10), ["neg", "pos"], ["a good film", "film"]).model
    assert model.encode("film").inputs.tolist() == [0]
    assert model.answer([model.encode("film")]).shape == (1, 2)
