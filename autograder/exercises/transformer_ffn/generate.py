"""Draw tokens from a language model, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.tokens import measure_generate
from course_utils.probes import Seed
from course_utils.probes.transformer_ffn import run_generate

_DRAWS = 3000  # shares of so many draws, learner's and reference's, are less than 0.08 apart but once in 10^9 times
_SURE = 40.0  # a logit so far above the others leaves no doubt at any temperature below, and exp takes it


def _sure(draw: Draw, rows: int, vocabulary: int) -> torch.Tensor:
    """Logits `(rows, vocabulary)` that make one token of each row certain."""
    return _SURE * F.one_hot(draw.integers(vocabulary, rows), vocabulary).float()


def _generate_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "table": torch.tensor([[0.0, _SURE], [_SURE, 0.0], [0.0, _SURE]]),
        "tokens": torch.tensor([[0, 1]]),
        "steps": 3,
        "temperature": 1.0,
        "generator": Seed(7),
    }
    b, t = draw.sizes(2, 2, 5)
    for batch, time, vocabulary, steps in [
        (b, t, 5, 9),
        (t, 1, 7, 12),
        (1, b, 3, 6),
        (t, 6, 4, 1),
        (b, 3, 9, 8),
        (2, 300, 5, 3),
    ]:
        yield {
            "table": _sure(draw, 11, vocabulary),
            "tokens": draw.integers(vocabulary, batch, time),
            "steps": steps,
            "temperature": draw.uniform(0.6, 1.4),
            "generator": Seed(draw.seed()),
        }
    # Three logits in another order after each prefix. They grow with the temperature, so the shares to be met are the
    # same at every temperature: 0.51, 0.31, 0.19 in the first case, where a cut-off shows, and 0.79, 0.18, 0.04 in the
    # others, where those of a temperature used wrongly are 0.13 and more away.
    for scale, temperature, steps in [(0.5, 1.0, 3), (1.5, 0.3, 2), (1.5, 4.0, 2), (1.5, draw.uniform(0.4, 0.6), 1)]:
        spread = torch.tensor([1.0, 0.0, -1.0]) * scale * temperature
        yield {
            "table": torch.stack([spread.roll(int(i)) for i in draw.integers(3, 7)]),
            "repeat": _DRAWS,
            "tokens": draw.integers(3, 1, t),
            "steps": steps,
            "temperature": temperature,
            "generator": Seed(draw.seed()),
        }


def _next(logits: torch.Tensor, temperature: float, generator: torch.Generator | None) -> torch.Tensor:
    """Draw one token for each row of logits `(B, V)` -> `(B, 1)`."""
    return torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)


def _generate(
    feed: Callable = lambda tokens, prompt: tokens,
    at: Callable = lambda logits: logits[:, -1],
    choose: Callable = _next,
    steps_run: Callable = lambda steps: steps,
    finish: Callable = lambda tokens, prompt: tokens,
    graph: bool = False,
) -> Callable:
    """Generation with one or more of its steps changed."""

    def generate(
        model: nn.Module, tokens: torch.Tensor, steps: int, temperature: float, generator: torch.Generator
    ) -> torch.Tensor:
        prompt = tokens
        with torch.set_grad_enabled(graph):
            for _ in range(steps_run(steps)):
                chosen = choose(at(model(feed(tokens, prompt))), temperature, generator)
                tokens = torch.cat([tokens, chosen], dim=1)
        return finish(tokens, prompt)

    return generate


def _all_at_once(
    model: nn.Module, tokens: torch.Tensor, steps: int, temperature: float, generator: torch.Generator
) -> torch.Tensor:
    with torch.no_grad():
        probabilities = (model(tokens)[:, -1] / temperature).softmax(-1)
    drawn = torch.multinomial(probabilities, steps, replacement=True, generator=generator)
    return torch.cat([tokens, drawn], dim=1)


def _restarted(
    model: nn.Module, tokens: torch.Tensor, steps: int, temperature: float, generator: torch.Generator
) -> torch.Tensor:
    for _ in range(steps):
        generator.manual_seed(generator.initial_seed())
        tokens = _generate()(model, tokens, 1, temperature, generator)
    return tokens


def _one_for_all(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> torch.Tensor:
    return _next(logits[:1], temperature, generator).expand(len(logits), 1)


def _argmax(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> torch.Tensor:
    return logits.argmax(-1, keepdim=True)


GENERATE = Exercise(
    name="generate",
    lesson="10_transformer_ffn",
    left_out={
        "large": "logits so far apart leave nothing to draw",
        "tiny": "logits so close together are as good as equal",
        "size 1": "the table of logits has a row for every sum of tokens",
        "long": "the table of logits has a row for every sum of tokens",
    },
    reference=_generate(),
    cases=_generate_cases,
    probe=run_generate,
    measure=measure_generate,
    contracts=(),
    rtol=0.0,
    atol=0.08,
    mistakes=(
        Mistake(
            "feeds only the last token",
            "The model sees a part of the text alone. What does it need to see in each step, to tell what comes next?",
            (
                _generate(feed=lambda tokens, prompt: tokens[:, -1:]),
                _generate(feed=lambda tokens, prompt: tokens[:, -prompt.shape[1] :]),
                _generate(feed=lambda tokens, prompt: tokens[:, 1:] if tokens.shape[1] > 1 else tokens),
                _generate(feed=lambda tokens, prompt: tokens[:, :-1] if tokens.shape[1] > 1 else tokens),
                *(_generate(feed=lambda tokens, prompt, n=n: tokens[:, -n:]) for n in (2, 3, 4, 5, 6, 8, 16, 256)),
            ),
        ),
        Mistake(
            "never feeds what it drew",
            "Each new token changes what may come next. Does the model see the tokens that were drawn before?",
            (_generate(feed=lambda tokens, prompt: prompt), _all_at_once),
        ),
        Mistake(
            "argmax",
            "You always take the likeliest token, so the same prompt always ends the same way. How is a token drawn by "
            "its probability?",
            (_generate(choose=_argmax), _generate(choose=_argmax, graph=True)),
        ),
        Mistake(
            "keeps the graph",
            "Nobody calls backward here, yet every step is recorded for it and takes memory. What turns that off?",
            _generate(graph=True),
        ),
        Mistake(
            "temperature ignored",
            "The shares are those of temperature 1. What is divided by the temperature, and before which step?",
            (
                _generate(choose=lambda z, t, g: _next(z, 1.0, g)),
                _generate(choose=lambda z, t, g: torch.multinomial(z.softmax(-1) / t, 1, generator=g)),
                _generate(choose=lambda z, t, g: _next(z, 1.0, g), graph=True),
            ),
        ),
        Mistake(
            "temperature upside down",
            "A high temperature should flatten the probabilities. Do you multiply by it, where you should divide?",
            (
                _generate(choose=lambda z, t, g: _next(z, 1 / t, g)),
                _generate(choose=lambda z, t, g: _next(z, 1 / t, g), graph=True),
            ),
        ),
        Mistake(
            "temperature twice",
            "The temperature acts twice in your code. Which of the two places is the right one?",
            (
                _generate(choose=lambda z, t, g: _next(z, t * t, g)),
                _generate(choose=lambda z, t, g: _next((z / t).softmax(-1), t, g)),
            ),
        ),
        Mistake(
            "temperature under a root",
            "The logits are divided by the temperature itself.",
            _generate(choose=lambda z, t, g: _next(z, t**0.5, g)),
        ),
        Mistake(
            "every token equally likely",
            "All tokens come equally often. Over which dim does your softmax run, and where do the logits come in?",
            (
                _generate(choose=lambda z, t, g: torch.multinomial(torch.ones_like(z), 1, generator=g)),
                _generate(choose=lambda z, t, g: torch.randint(z.shape[1], (len(z), 1), generator=g)),
                _generate(choose=lambda z, t, g: torch.multinomial((z / t).softmax(0), 1, generator=g)),
            ),
        ),
        Mistake(
            "softmax twice",
            "Probabilities go through another softmax, which flattens them. How often is it needed?",
            (
                _generate(choose=lambda z, t, g: _next((z / t).softmax(-1), 1.0, g)),
                _generate(choose=lambda z, t, g: _next(z.softmax(-1), t, g)),
            ),
        ),
        Mistake(
            "generator ignored",
            "The tokens do not come from the generator: the same generator must give the same tokens.",
            _generate(choose=lambda z, t, g: _next(z, t, None)),
        ),
        Mistake(
            "generator restarted",
            "Each step draws the same random numbers again. Should the generator be seeded inside the function?",
            (
                _restarted,
                _generate(choose=lambda z, t, g: _next(z, t, torch.Generator().manual_seed(0))),
                _generate(choose=lambda z, t, g: _next(z, t, g.manual_seed(0))),
            ),
        ),
        Mistake(
            "one draw for the whole batch",
            "All rows of the batch get the same new token. Each row has logits, and a draw, of its own.",
            (
                _generate(choose=_one_for_all),
                _generate(choose=lambda z, t, g: _next(z.mean(0, keepdim=True), t, g).expand(len(z), 1)),
            ),
        ),
        Mistake(
            "logits of the wrong place",
            "The model gives logits after every token of the prefix. After which one does the new token stand?",
            (
                _generate(at=lambda logits: logits[:, 0]),
                _generate(at=lambda logits: logits.mean(1)),
                _generate(at=lambda logits: logits[-1:, -1].expand(len(logits), -1)),
            ),
        ),
        Mistake(
            "only the new tokens",
            "The result begins with the tokens that came in: (B, T + steps).",
            _generate(finish=lambda tokens, prompt: tokens[:, prompt.shape[1] :]),
        ),
        Mistake(
            "a step too many or too few",
            "The result should be longer than the prompt by `steps` tokens. How often does your loop run?",
            (
                _generate(steps_run=lambda steps: steps - 1),
                _generate(steps_run=lambda steps: steps + 1),
                _generate(steps_run=lambda steps: 1),
                _generate(finish=lambda tokens, prompt: prompt),
            ),
        ),
        Mistake(
            "new tokens in front",
            "New tokens come after the old ones. In which order does your cat put them?",
            _generate(finish=lambda tokens, prompt: tokens.roll(-prompt.shape[1], 1)),
        ),
    ),
)
