"""A causal language model on this machine: how likely is a title after the history?"""

from __future__ import annotations

import hashlib
import inspect
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from recsys_course.base import check_range
from recsys_course.compiled import chunks
from recsys_course.extras import need
from recsys_course.language.answers import parse_ranking
from recsys_course.language.cost import Usage
from recsys_course.language.prompts import TEMPLATE, history_text, one_line, prompt_of
from recsys_course.language.ranking import Ranking, RankingError, by_scores, checked_question
from recsys_course.training.settings import threads

BEFORE = "A user liked these, oldest first: {history}. The same user will like:"


@dataclass
class LocalCausalRanker:
    r"""Orders candidates by a causal language model of the library transformers.

    "likelihood" needs no parsing and cannot invent an item. With the prompt x and the tokens of a title y,

    .. math:: s_c = \frac{1}{T} \sum_{t=1}^{T} \ln p(y_t \mid x, y_{<t})

    "generate" asks :func:`.prompt_of`, lets the model write, and reads with :func:`.parse_ranking`.

    Args:
        model: a name on the Hugging Face hub, fetched once, or a folder; or a loaded model, which is moved
            to ``device`` and set to evaluation. tokenizer: of a loaded model; None: the one of that name.
        device: as torch knows it. batch_size: titles that go through the model together, at least 1.
        how: "likelihood" or "generate".
        per_token: divide by T; without it a long title loses for its length alone.
        prompt: the text before a title, with ``{history}``; for "generate" see ``template``.
        template: see :func:`.prompt_of`. max_new_tokens: that may be written; None: 8 and 6 a candidate.
        n_threads: processors of torch; None: those of this process.

    Raises:
        ValueError: an argument outside its range, a model that cannot be loaded. MissingExtra: transformers
            is not installed. RankingError: what was written holds no ranking.

    Cost: "likelihood" reads the prompt once per candidate, C (P + T) tokens; ``usage.prompt_tokens`` says so.
        Logits are kept of the title's places only, (batch, T, vocabulary).
    Differs: prompt and title are turned into tokens apart, so their border falls between tokens. A
        prompt that is too long for the model loses its oldest part; a title is cut to half the window.
        A title without tokens has the score -inf.
    """

    model: Any
    tokenizer: Any = field(default=None, repr=False)
    device: str = "cpu"
    batch_size: int = 16
    how: Literal["likelihood", "generate"] = "likelihood"
    per_token: bool = True
    prompt: str = field(default=BEFORE, repr=False)
    template: str = field(default=TEMPLATE, repr=False)
    max_new_tokens: int | None = None
    n_threads: int | None = None

    def __post_init__(self) -> None:
        check_range("batch_size", self.batch_size, 1, "titles,")
        if self.how not in ("likelihood", "generate"):
            raise ValueError(f"how: {self.how!r}; expected 'likelihood' or 'generate'")
        if "{history}" not in self.prompt:
            raise ValueError(f"prompt: {self.prompt!r}; expected one with {{history}} in it")
        loaded = isinstance(self.model, torch.nn.Module)
        if loaded and self.tokenizer is None:
            raise ValueError("tokenizer: None; expected the tokenizer of the loaded model")
        self._net, self._words = (self.model, self.tokenizer) if loaded else _load(self.model, self.tokenizer)
        self._net = self._net.to(self.device).eval()

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Ranking:
        """History, oldest first, and C candidates -> their order; with "likelihood" also their scores."""
        past, listed = checked_question(history, candidates)
        start = time.perf_counter()
        with torch.inference_mode(), threads(self.n_threads):
            answer = self._likely(past, listed) if self.how == "likelihood" else self._written(past, listed)
        return Ranking(answer[0], answer[1], answer[2] + Usage(1, seconds=time.perf_counter() - start))

    def identity(self) -> str:
        """Model, words and settings; of a loaded model all its weights, of a folder its files."""
        which = _digest(self.model) if self._net is self.model else _files(self.model)
        words = getattr(self._words, "backend_tokenizer", None)
        told = words.to_str() if words is not None else repr(self._words)
        settings = (self.how, self.per_token, self.prompt, self.template, self.max_new_tokens)
        return repr(("LocalCausalRanker", which, hashlib.sha256(told.encode()).hexdigest(), *settings))

    def _likely(self, past: list[str], listed: list[str]) -> tuple[list[int], np.ndarray, Usage]:
        before = self.prompt.replace("{history}", history_text(past) or "nothing yet")
        x = self._words(before)["input_ids"]
        ys = [self._title(title) for title in listed]
        window = self._window() or len(x) + max(map(len, ys))
        ys = [y[: window // 2] for y in ys]
        x = x[-(window - max(map(len, ys))) :]
        scores = self.log_likelihoods(x, ys)  # (C,)
        if self.per_token:
            scores = scores / np.array([max(len(y), 1) for y in ys])
        return by_scores(scores), scores, Usage(prompt_tokens=sum(len(x) + len(y) for y in ys))

    def _window(self) -> int | None:
        """Tokens that the model can hold, if it has a limit."""
        return getattr(self._net.config, "max_position_embeddings", None)

    def _title(self, title: str) -> list[int]:
        line = one_line(title)
        return self._words(f" {line}", add_special_tokens=False)["input_ids"] if line else []

    def log_likelihoods(self, x: list[int], ys: list[list[int]]) -> np.ndarray:
        """(C,) ln p(y | x) in nats, summed over the tokens of each y; -inf for an empty one."""
        if not x:
            raise ValueError("prompt: no tokens; expected at least one to start from")
        found = np.full(len(ys), -np.inf)
        order = sorted((n for n, y in enumerate(ys) if y), key=lambda n: -len(ys[n]))  # little padding
        for first, last in chunks(len(order), self.batch_size):
            part = order[first:last]
            with torch.inference_mode():
                found[part] = self._batch(x, [ys[n] for n in part]).cpu().numpy()
        return found

    def _batch(self, x: list[int], ys: list[list[int]]) -> torch.Tensor:
        longest = max(map(len, ys))
        ids = torch.tensor([x + y + [0] * (longest - len(y)) for y in ys], device=self.device)  # (b, P + T)
        there = torch.tensor([[1] * len(y) + [0] * (longest - len(y)) for y in ys], device=self.device)
        mask = torch.cat([there.new_ones(len(ys), len(x)), there], dim=1)
        few = "logits_to_keep" in inspect.signature(self._net.forward).parameters
        keep = {"logits_to_keep": longest + 1} if few else {}
        logits = self._net(input_ids=ids, attention_mask=mask, use_cache=False, **keep).logits
        before = logits[:, -longest - 1 : -1].float()  # (b, T, V) each place tells the next
        each = before.log_softmax(-1).gather(2, ids[:, len(x) :, None])[..., 0]  # (b, T)
        return (each * there).sum(1).double()

    def _written(self, past: list[str], listed: list[str]) -> tuple[list[int], None, Usage]:
        x = self._asked(prompt_of(past, listed, self.template))
        longest, window = self.max_new_tokens or 8 + 6 * len(listed), self._window()
        if window is not None and len(x) + longest > window:
            raise RankingError(
                f"candidates: a question of {len(x)} tokens and an answer of up to {longest}; "
                f"expected at most {window} together, the model's window"
            )
        ids = torch.tensor([x], device=self.device)
        made = self._net.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=longest,
            pad_token_id=self._net.config.eos_token_id,
        )[0, len(x) :].tolist()  # fmt: skip
        usage = Usage(prompt_tokens=len(x), completion_tokens=len(made))
        try:
            order, problems = parse_ranking(self._words.decode(made, skip_special_tokens=True), len(listed))
        except RankingError as error:
            raise RankingError(str(error), usage + Usage(1)) from None
        return order, None, usage + Usage(repaired=int(bool(problems)))

    def _asked(self, prompt: str) -> list[int]:
        """The tokens of a question, as a turn of a conversation where the model knows such."""
        if not getattr(self._words, "chat_template", None):
            return self._words(prompt)["input_ids"]
        turn = [{"role": "user", "content": prompt}]
        text = self._words.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        return self._words(text, add_special_tokens=False)["input_ids"]


def _load(name: str | Path, tokenizer: Any) -> tuple[Any, Any]:
    """Model and tokenizer by name or folder; no code of theirs is run."""
    library = need("transformers", "language", "LocalCausalRanker")
    try:
        net = library.AutoModelForCausalLM.from_pretrained(str(name))
        return net, tokenizer or library.AutoTokenizer.from_pretrained(str(name))
    except Exception as error:  # the library raises whatever the broken part raises
        told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise ValueError(
            f"model: {str(name)!r} cannot be loaded ({told}); expected a folder of a transformers model, "
            "a name on the Hugging Face hub, which needs the network, or a loaded model"
        ) from error


def _digest(net: torch.nn.Module) -> str:
    total = hashlib.sha256(_shape_of(net).encode())
    for name, value in net.state_dict().items():
        total.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        total.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _shape_of(net: torch.nn.Module) -> str:
    """How the weights are used: the same ones, parted into more heads, answer otherwise."""
    config: Any = getattr(net, "config", None)
    told = config.to_diff_dict() if hasattr(config, "to_diff_dict") else config
    return repr((type(net).__qualname__, told))


def _files(name: str | Path) -> tuple[Any, ...]:
    folder = Path(name).expanduser()
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
    return str(name), *((str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns) for f in files)
