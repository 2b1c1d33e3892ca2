"""The datasets that come with hsvis: invented film reviews and handwritten digits."""

from hsvis.corpus.demo.reviews import demo_reviews

__all__ = ["demo_reviews"]
