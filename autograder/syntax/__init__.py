"""What the source of an answer tells by itself: names, short cuts, and ways to hide them. Nothing is run."""
