"""Labels of projections."""

from hsvis.build.projections import unlike_each_other
from hsvis.run.manifest import ProjectionFacts


def facts(layer: str, label: str, seed: int) -> ProjectionFacts:
    return ProjectionFacts(layer=layer, name=f"tsne-{seed}", label=label, settings={"seed": seed}, details={})


def test_projections_of_a_layer_have_different_labels() -> None:
    given = [
        facts("rnn.0", "t-SNE", 1),
        facts("rnn.0", "t-SNE", 2),
        facts("rnn.0", "t-SNE", 2),
        facts("rnn.0", "PCA", 1),
        facts("rnn.1", "t-SNE", 3),
    ]
    labels = [one.label for one in unlike_each_other(given)]
    assert labels == ["t-SNE", "t-SNE, seed 2", "t-SNE, seed 2 (2)", "PCA", "t-SNE"]
    assert [one.label for one in given][:3] == ["t-SNE"] * 3
