"""Lesson 10, the Transformer's feed-forward network: from two linear layers to a model that writes."""

from autograder.exercises.transformer_ffn.causal_attention import CAUSAL_ATTENTION
from autograder.exercises.transformer_ffn.feed_forward import FEED_FORWARD
from autograder.exercises.transformer_ffn.ffn_parameter_count import FFN_PARAMETER_COUNT
from autograder.exercises.transformer_ffn.generate import GENERATE
from autograder.exercises.transformer_ffn.next_token_loss import NEXT_TOKEN_LOSS
from autograder.exercises.transformer_ffn.transformer_block import TRANSFORMER_BLOCK

EXERCISES = (FEED_FORWARD, FFN_PARAMETER_COUNT, CAUSAL_ATTENTION, TRANSFORMER_BLOCK, NEXT_TOKEN_LOSS, GENERATE)
