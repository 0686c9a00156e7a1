"""Tests, in the rooms of the house; support/ helps them; answers/, attacks/ and honest/ are data."""
