"""Lesson 3, math and reductions: what happens entry by entry, what collapses, and what lines up."""
