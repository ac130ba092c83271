"""A causal model on this machine: likelihoods as a slow loop finds them. Tiny models, made here."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recsys_course.language import (
    LanguageModelRanker,
    LocalCausalRanker,
    RankingError,
    Usage,
    local,
    rank_many,
)

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

TEXT = (
    "A user liked these , oldest first : . The same will like ; nothing yet red blue green fox dog whale cat"
)
WORDS = f"{TEXT} [ ] 1 2 3 4".split()
HISTORY = ["red fox", "blue whale"]
TITLES = ["red dog", "green cat", "blue", "red blue green fox dog whale", "cat"]


def tokenizer(bos=False):
    known = {word: n for n, word in enumerate(["<unk>", "<end>", "<s>", *WORDS])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(known, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if bos:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", known["<s>"])]
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", eos_token="<end>", bos_token="<s>"
    )


def gpt2(seed=0, window=64):
    config = transformers.GPT2Config(
        vocab_size=len(WORDS) + 3, n_embd=16, n_layer=2, n_head=2, n_positions=window, bos_token_id=2,
        eos_token_id=1, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(seed)
    return transformers.GPT2LMHeadModel(config)


def llama(seed=0):
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS) + 3, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64, bos_token_id=2,
        eos_token_id=1,
        initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(seed)
    return transformers.LlamaForCausalLM(config)


MODELS = {"gpt2": (gpt2, False), "llama": (llama, True)}
each = pytest.mark.parametrize("name", MODELS)


def ranker(name="gpt2", **more):
    make, bos = MODELS[name]
    return LocalCausalRanker(make(), tokenizer(bos), n_threads=1, **more)


def by_loop(model, words, history, title, per_token=True):
    """One token at a time: no batch, no padding, softmax by hand."""
    x = words(f"A user liked these, oldest first: {'; '.join(history)}. The same user will like:")[
        "input_ids"
    ]
    y = words(title, add_special_tokens=False)["input_ids"]
    total = 0.0
    for token in y:
        with torch.no_grad():
            logits = model(torch.tensor([x])).logits[0, -1].double().numpy()
        total += logits[token] - logits.max() - math.log(np.exp(logits - logits.max()).sum())
        x = [*x, token]
    return total / len(y) if per_token else total


@each
@pytest.mark.parametrize("per_token", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_likelihoods_are_those_of_a_slow_loop(name, per_token, batch_size):
    model = ranker(name, per_token=per_token, batch_size=batch_size)
    got = model.rank(HISTORY, TITLES)
    wanted = [by_loop(model.model, model.tokenizer, HISTORY, title, per_token) for title in TITLES]
    np.testing.assert_allclose(got.scores, wanted, rtol=1e-4)
    assert got.order == np.argsort(-np.array(wanted)).tolist()


@each
def test_the_probabilities_of_all_next_words_add_up_to_one(name):
    model = ranker(name)
    n = len(WORDS) + 3
    found = model.log_likelihoods([3, 4, 5], [[token] for token in range(n)])
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-5)
    two = model.log_likelihoods([3, 4, 5], [[7, token] for token in range(n)])  # the chain rule
    assert np.exp(two).sum() == pytest.approx(np.exp(found[7]), abs=1e-6)


def test_a_long_title_loses_by_the_sum_alone():
    """A model without weights gives every word the same chance, 1 of V."""
    model = ranker()
    for value in model.model.parameters():
        value.data.zero_()
    flat = -math.log(len(WORDS) + 3)
    np.testing.assert_allclose(model.rank(HISTORY, TITLES).scores, [flat] * 5, rtol=1e-5)
    summed = LocalCausalRanker(model.model, model.tokenizer, per_token=False, n_threads=1)
    np.testing.assert_allclose(
        summed.rank(HISTORY, TITLES).scores, [flat * len(t.split()) for t in TITLES], rtol=1e-5
    )


def test_usage_counts_every_token_that_was_read():
    got = ranker().rank(HISTORY, ["red dog", "cat"]).usage
    before = 9 + 5 + 6  # words and signs before, in and after the history
    assert (
        len(
            tokenizer()(
                "A user liked these, oldest first: red fox; blue whale. The same user will like:"
            ).input_ids
        )
        == before
    )
    assert (got.calls, got.prompt_tokens, got.completion_tokens) == (1, 2 * before + 3, 0)
    assert got.seconds > 0


def test_the_model_is_the_same_before_and_after():
    made = gpt2().train()
    weights = {name: value.clone() for name, value in made.state_dict().items()}
    random, n = torch.random.get_rng_state(), torch.get_num_threads()
    one, other = (LocalCausalRanker(made, tokenizer()).rank(HISTORY, TITLES) for _ in range(2))
    np.testing.assert_array_equal(one.scores, other.scores)  # dropout is off
    assert all(torch.equal(weights[name], value) for name, value in made.state_dict().items())
    assert torch.equal(random, torch.random.get_rng_state())
    assert torch.get_num_threads() == n
    assert not any(value.grad is not None for value in made.parameters())


def test_nothing_to_read_comes_last_and_nothing_known_is_said():
    got = ranker().rank([], ["", "cat", " \n"])
    assert got.order == [1, 0, 2]
    assert np.isneginf(got.scores[[0, 2]]).all()
    assert np.isfinite(ranker().rank([], ["cat"]).scores).all()
    assert ranker().rank(HISTORY, ["", " "]).order == [0, 1]
    assert ranker().rank([" red \n fox"], ["cat"]).scores == ranker().rank(["red fox"], ["cat"]).scores


def test_braces_in_a_title_are_no_places():
    model = ranker()
    assert model.rank(["{history}"], ["{history}"]).scores.shape == (1,)


def test_what_does_not_fit_loses_its_oldest_part():
    small = LocalCausalRanker(gpt2(window=24), tokenizer(), n_threads=1)
    x = tokenizer()(
        "A user liked these, oldest first: " + "red; " * 30 + ". The same user will like:"
    ).input_ids
    got = small.rank(["red"] * 30, ["blue cat", "cat"])
    history = "; ".join(["red"] * 30)
    x = tokenizer()(f"A user liked these, oldest first: {history}. The same user will like:").input_ids
    y = [tokenizer()(title).input_ids for title in ("blue cat", "cat")]
    np.testing.assert_allclose(got.scores, small.log_likelihoods(x[-22:], y) / [2, 1], rtol=1e-6)
    long = small.rank(["red"], ["blue " * 50])  # cut to half the window
    assert long.usage.prompt_tokens <= 24
    assert np.isfinite(long.scores).all()


def test_it_is_a_ranker_and_can_be_kept(tmp_path):
    model = ranker()
    assert isinstance(model, LanguageModelRanker)
    first = rank_many(model, [HISTORY], TITLES, tmp_path)[0]
    again = rank_many(ranker(), [HISTORY], TITLES, tmp_path)[0]
    assert again.order == first.order
    assert again.usage == Usage()
    others = [
        LocalCausalRanker(gpt2(seed=1), tokenizer()), LocalCausalRanker(gpt2(), tokenizer(True)),
        ranker(per_token=False), ranker(how="generate"), ranker(prompt="{history}"),
        ranker(template="{candidates}"), ranker(max_new_tokens=3), ranker("llama"),
    ]  # fmt: skip
    assert len({model.identity(), *(other.identity() for other in others)}) == 9


def test_from_a_folder(tmp_path):
    gpt2().save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    kept = LocalCausalRanker(tmp_path, n_threads=1)
    np.testing.assert_allclose(
        kept.rank(HISTORY, TITLES).scores, ranker().rank(HISTORY, TITLES).scores, rtol=1e-5
    )
    before = kept.identity()
    gpt2(seed=1).save_pretrained(tmp_path)
    assert LocalCausalRanker(tmp_path).identity() != before
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"^model: .* cannot be loaded .*; expected a folder"):
        LocalCausalRanker(tmp_path)


# --- generate


def test_what_is_written_is_the_likeliest_word_each_time():
    model = ranker(how="generate", template="{candidates}", max_new_tokens=6)
    heard = []
    model._words = SimpleNamespace(
        chat_template=None,
        __call__=None,
        decode=lambda tokens, skip_special_tokens: heard.append(tokens) or "[2, 1]",
    )
    words = tokenizer()
    model._asked = lambda prompt: words(prompt).input_ids
    assert model.rank([], ["cat", "dog"]).order == [1, 0]
    x = words('[1] "cat"\n[2] "dog"').input_ids
    wanted = []
    for _ in range(6):
        wanted.append(int(model.model(torch.tensor([x + wanted])).logits[0, -1].argmax()))
        if wanted[-1] == 1:
            break
    assert heard == [wanted]


def test_answers_are_read_repaired_and_counted(monkeypatch):
    model = ranker(how="generate", template="{candidates}", max_new_tokens=7)
    answer = tokenizer()("[ 2 , 2 ]").input_ids
    monkeypatch.setattr(model.model, "generate", lambda ids, **_: torch.tensor([[*ids[0].tolist(), *answer]]))
    got = model.rank([], ["cat", "dog", "fox"])
    assert (got.order, got.scores) == ([1, 0, 2], None)
    assert (got.usage.calls, got.usage.completion_tokens, got.usage.repaired) == (1, 5, 1)
    answer = tokenizer()("red fox").input_ids
    with pytest.raises(RankingError, match=r"no number of 1..2 in 'red fox'") as raised:
        model.rank([], ["cat", "dog"])
    assert (raised.value.usage.calls, raised.value.usage.completion_tokens) == (1, 2)


def test_a_model_that_knows_conversations_is_asked_as_in_one():
    model = ranker(how="generate")
    model.tokenizer.chat_template = "{% for m in messages %}{{ m.role }} : {{ m.content }} {% endfor %}The"
    ids = model._asked("red fox")
    assert model.tokenizer.decode(ids) == "user : red fox The"


def test_a_question_that_does_not_fit_is_told():
    model = ranker(how="generate")
    with pytest.raises(RankingError, match=r"^candidates: a question of \d+ tokens .* at most 64 together"):
        model.rank(HISTORY, TITLES * 5)


# --- refusals


def test_settings_that_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^batch_size: 0; expected"):
        ranker(batch_size=0)
    with pytest.raises(ValueError, match=r"^how: 'guess'; expected 'likelihood' or 'generate'"):
        ranker(how="guess")
    with pytest.raises(ValueError, match=r"^prompt: 'x'; expected one with {history}"):
        ranker(prompt="x")
    with pytest.raises(ValueError, match=r"^tokenizer: None; expected the tokenizer of the loaded model"):
        LocalCausalRanker(gpt2())
    with pytest.raises(ValueError, match=r"^model: .*nowhere' cannot be loaded"):
        LocalCausalRanker(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"^prompt: no tokens"):
        ranker().log_likelihoods([], [[1]])
    with pytest.raises(ValueError, match=r"^candidates: none"):
        ranker().rank([], [])


def test_a_model_whose_library_keeps_all_logits(monkeypatch):
    """Older models know no logits_to_keep: the places are cut out of all logits."""

    class Plain(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.config = inner, inner.config

        def forward(self, input_ids, attention_mask, use_cache):
            return self.inner(input_ids, attention_mask=attention_mask, use_cache=use_cache)

    plain = LocalCausalRanker(Plain(gpt2()), tokenizer(), n_threads=1)
    np.testing.assert_allclose(
        plain.rank(HISTORY, TITLES).scores, ranker().rank(HISTORY, TITLES).scores, rtol=1e-5
    )
    assert local.BEFORE.count("{history}") == 1


def test_the_same_weights_in_other_heads_are_another_model():
    one, other = gpt2(), gpt2()
    other.config.n_head = 4
    other = transformers.GPT2LMHeadModel(other.config)
    other.load_state_dict(one.state_dict())
    one, other = (LocalCausalRanker(net, tokenizer()) for net in (one, other))
    assert not np.allclose(one.rank(HISTORY, TITLES).scores, other.rank(HISTORY, TITLES).scores)
    assert one.identity() != other.identity()
    assert one.identity() == LocalCausalRanker(gpt2(), tokenizer()).identity()


def test_a_buffer_of_one_number_belongs_to_the_weights():
    plain, more = gpt2(), gpt2()
    more.register_buffer("steps", torch.tensor(3))
    identities = [LocalCausalRanker(net, tokenizer()).identity() for net in (plain, more)]
    assert len(set(identities)) == 2
