"""The datasets that come with hsvis: invented film reviews, sentences, and handwritten digits."""

from hsvis.corpus.demo.reviews import demo_reviews
from hsvis.corpus.demo.sentences import demo_sentences

__all__ = ["demo_reviews", "demo_sentences"]
