"""Configs: what is accepted, and what the message says when it is not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.config import load_config, setting_keys
from hsvis.errors import ConfigError

GOOD = "name: run\ndataset: {path: demo}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["demo", "imdb", "reuters"])
def test_packaged_configs_load_by_name(name: str) -> None:
    assert load_config(name).name == name
    assert load_config(f"configs/{name}.yaml").name == name


def test_the_papers_runs_have_the_papers_settings() -> None:
    imdb, reuters = load_config("imdb"), load_config("reuters")
    assert (imdb.model.embedding, imdb.model.hidden, imdb.model.dropout) == (32, 100, 0.5)
    assert (imdb.model.output, imdb.dataset.limit, imdb.tokens.max_length) == ("sigmoid", 100, 100)
    assert (reuters.model.embedding, reuters.model.hidden, reuters.model.dropout) == (32, 20, 0.5)
    assert (reuters.model.output, reuters.dataset.limit, reuters.tokens.keep) == ("softmax", 500, "last")
    assert [p.method for p in reuters.projections] == ["tsne", "pca"]
    assert reuters.projections[0].model_dump()["perplexity"] == 100


@pytest.mark.parametrize(
    ("text", "key", "value", "remedy"),
    [
        ("tokens: {max_lenght: 3}", "tokens.max_lenght", "", "Did you mean `tokens.max_length`?"),
        ("modle: {hidden: 3}", "modle", "", "Did you mean `model"),
        ("model: {hiden: 3}", "model.hiden", "", "Did you mean `model.hidden`?"),
        ("model: {hidden: 0}", "model.hidden", "`0`", "greater than or equal to 1"),
        ("model: {cell: transformer}", "model.cell", "`'transformer'`", "'lstm', 'gru' or 'rnn'"),
        ("tokens: {keep: middle}", "tokens.keep", "`'middle'`", "'last' or 'first'"),
        ("projections: [{method: umap}]", "projections.0", "umap", "`method: tsne` or `method: pca`"),
        (
            "projections: [{method: tsne, perplexty: 3}]",
            "projections.0.perplexty",
            "",
            "projections.perplexity",
        ),
        ("projections: [{method: pca}, {method: pca}]", "projections", "pca", "twice"),
        ("model: {seed: 5000000000}", "model.seed", "5000000000", "less than or equal"),
        ("states: {layers: [rnn.1]}", "states.layers", "rnn.1", "It has rnn.0, rnn.0.cell"),
        ("projections: []", "projections", "`[]`", "at least 1"),
        ("states: {layers: [rnn.0, rnn.0]}", "states.layers", "rnn.0", "twice"),
        ("name: ../../etc", "name", "`'../../etc'`", "letters, digits"),
        ("dataset: {path: parquet}", "dataset", "parquet", "data_files.test"),
    ],
)
def test_a_mistake_names_file_key_value_and_remedy(
    tmp_path: Path, text: str, key: str, value: str, remedy: str
) -> None:
    base = "" if text.startswith("name") else "name: run\n"
    base += "" if text.startswith("dataset") else "dataset: {path: demo}\n"
    path = write(tmp_path, base + text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    for part in (str(path), f"`{key}`", value, remedy):
        assert part in message, message


@pytest.mark.parametrize(
    ("text", "quote", "says"),
    [
        ("name: run\nfoo: 1\n", True, "`foo` is not a setting"),
        ("name: run\nfoo: 1\n", False, "`foo` is not a setting"),
        ("foo: 1\nbar: 2\nname: run\n", True, "`bar` is not a setting"),
        ("foo: 1\nbar: 2\nname: run\n", False, "most of its keys are none of a config's"),
    ],
)
def test_a_file_that_was_named_is_told_which_keys_are_wrong_with_it(
    tmp_path: Path, text: str, quote: bool, says: str
) -> None:
    """Of one that was found in a folder, only where it is a config: it may be a link to anything."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, quote=quote)
    assert says in str(caught.value)


def test_all_mistakes_come_in_one_message(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "model: {hidden: -1, epochs: 0, layerz: 2}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    "text",
    [
        "a: [1",
        "\t- x",
        "just a sentence",
        "- a\n- b",
        "",
        "a: &x [*x]",
        "name: 2020-13-45",
        "!!python/object:os.system {}",
    ],
)
def test_what_is_no_config_is_refused_with_the_file_named(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match="run.yaml"):
        load_config(path)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`name` stands twice"):
        load_config(write(tmp_path, GOOD + "name: again\n"))


def test_a_missing_file_lists_the_packaged_configs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="demo, digits, imdb, language, reuters"):
        load_config(tmp_path / "nothing.yaml")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="run.yaml"):
        load_config(path)


def test_overrides_reach_every_depth(tmp_path: Path) -> None:
    config = load_config(
        write(tmp_path, GOOD),
        [
            "dataset.limit=5",
            "dataset.data_files.train=a.parquet",
            "projections=[{method: tsne}]",
            "projections.0.perplexity=12",
            "tokens.max_length=null",
        ],
    )
    assert config.dataset.limit == 5
    assert config.dataset.data_files is not None
    assert config.dataset.data_files.train == "a.parquet"
    assert config.projections[0].model_dump()["perplexity"] == 12
    assert config.tokens.max_length is None


@pytest.mark.parametrize("path", ["demo.v2", "imdb.yml", "", ".", "/", "x" * 5000])
def test_a_path_that_is_no_config_never_stands_for_another(path: str) -> None:
    with pytest.raises(ConfigError):
        load_config(path)


@pytest.mark.parametrize(
    "override",
    ["dataset.limit", "=5", "dataset..limit=5", "projections.7.seed=1", "states.layers.0.x=1"],
)
def test_a_bad_override_is_named(override: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("demo", [override])
    assert override in str(caught.value)


@given(st.one_of(st.text(max_size=80), st.text("{}[]:,-&*!|> \n'\"#ab1", max_size=40)))
def test_any_text_loads_or_is_refused_in_words(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.yaml"
        path.write_text(GOOD + text, encoding="utf-8", errors="replace")
        try:
            config = load_config(path)
        except ConfigError as error:
            assert str(path) in str(error)
        else:
            assert config.name == "run"


def test_every_setting_has_a_help_line_and_is_documented() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    for key, help_line in setting_keys():
        assert help_line, key
        assert f"`{key}`" in documented, f"docs/configuration.md lacks `{key}`"
        assert help_line in documented, f"docs/configuration.md: the help line of `{key}` is out of date"


def aliases(depth: int, first: str = "[x, x]", other: str = "[{}]") -> str:
    """YAML whose last key, `k<depth>`, stands for 9 ** depth values."""
    lines = [f"k0: &k0 {first}"]
    for k in range(1, depth + 1):
        lines.append(f"k{k}: &k{k} {other.format(', '.join([f'*k{k - 1}'] * 9))}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        aliases(9),
        aliases(8) + "\nname: a\ndataset: {path: demo, classes: *k8}",
        aliases(9, "{x: 1}", "{{<<: [{}]}}"),
        "name: a\ndataset: &a {path: demo, classes: *a}",
        "a: &a [*a]",
    ],
)
def test_a_few_lines_that_stand_for_millions_of_values_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"bomb.yaml.*stand for too much"):
        load_config(file)


def test_a_file_that_is_too_large_for_a_config_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("name: x\n" + "# " + "x" * 2**20)
    with pytest.raises(ConfigError, match="more than 1 MiB"):
        load_config(tmp_path / "large.yaml")
