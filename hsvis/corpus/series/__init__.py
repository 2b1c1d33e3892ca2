"""Sequences of feature vectors in place of texts: from columns, long and wide tables, arrays and archives."""

from hsvis.corpus.series.long import plain_values
from hsvis.corpus.series.sequences import Series, series_of

__all__ = ["Series", "plain_values", "series_of"]
