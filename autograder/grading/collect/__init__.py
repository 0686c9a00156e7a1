"""What learning platforms export, put where grading looks for it."""
