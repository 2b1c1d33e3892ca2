"""StateStore: a built run as read-only arrays, and the queries that the views need."""
