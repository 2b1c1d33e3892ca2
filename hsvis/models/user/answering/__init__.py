"""What a user's module answers: where the answer stands in what it returns, and what its numbers mean."""
