"""From the lessons' sources to the notebooks: source/ -> solutions/ -> lessons/."""
