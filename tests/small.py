"""The demo, made small."""

SMALL = [
    "dataset.limit=40",
    "model.hidden=12",
    "model.epochs=3",
    "model.embedding=8",
    "states.part_steps=400",
    "projections.0.perplexity=20",
    "dataset.choose=first",
]
