"""What a class did with a lesson, as a page: who passed what, which mistakes were made, whom to look at."""
