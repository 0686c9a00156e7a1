"""What judges and grades the course's exercises."""
