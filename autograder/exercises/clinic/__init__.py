"""The clinic: programs that run without an error and are wrong.

The first mistake of each is `AS_IT_CAME`: the program as the learner gets it. The others are half mends.
"""
