"""A check: a reference, cases, slips, and the verdict on a learner's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from recsys_course.checks.engine import report
from recsys_course.checks.engine.cases import Case, Outcome, Slip, run
from recsys_course.checks.engine.listening import tell
from recsys_course.checks.engine.values import TOLERANCE, kind, size


class CheckFailed(AssertionError):
    """The answer is not right yet; the message says what was asked, returned, expected."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback: the message alone."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Check:
    """Calls an answer on every case; prints what to try next if all pass, else raises.

    Args:
        reference: the right implementation; its name is the exercise's.
        by_hand: cases worked out on paper, the first to be tried and shown.
        at_random: generator of random numbers -> arguments of one more case.
        slips: the mistakes to recognise.
        then: what to try next, shown with success.
        rng: seed -> the generator that ``at_random`` is given; ``np.random.default_rng``
            where the arguments are arrays.
        oracle: another way to the same answer, slow and plain, for the random cases to
            expect; the reference itself where there is none.
        tolerance: relative and absolute difference that still counts as equal.
        n_random: how many random cases.

    Raises:
        CheckFailed: on call, with one message for the learner.
    """

    reference: Callable[..., Any]
    by_hand: Sequence[Case]
    at_random: Callable[[Any], tuple[Any, ...]]
    slips: Sequence[Slip]
    then: str
    rng: Callable[[int], Any] = Random
    oracle: Callable[..., Any] | None = None
    tolerance: float = TOLERANCE
    n_random: int = 20

    @property
    def name(self) -> str:
        """The exercise's name, that of the function to write."""
        return self.reference.__name__

    @property
    def id(self) -> str:
        """Chapter and name, as in ``collaborative_filtering.ease``."""
        chapter = self.reference.__module__.removeprefix("recsys_course.checks.").partition(".")[0]
        return f"{chapter}.{self.name}"

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments."""
        return list(inspect.signature(self.reference).parameters)

    @cached_property
    def cases(self) -> list[Case]:
        """By hand first, then at random from small to large: the first failure is easy to read."""
        rng = self.rng(0)
        drawn = sorted((self.at_random(rng) for _ in range(self.n_random)), key=size)
        return [*self.by_hand, *(Case(args, self._expected(args)) for args in drawn)]

    def _expected(self, args: tuple[Any, ...]) -> Any:
        outcome = run(self.oracle or self.reference, args)
        if outcome.error is not None:  # the check is wrong, not the learner
            raise outcome.error
        return outcome.value

    @cached_property
    def _slips(self) -> list[tuple[Slip, list[Outcome]]]:
        """Each slip with what it gives on every case; only a failed check asks."""
        wrong = [(slip, slip.applied_to(self.reference)) for slip in self.slips]
        return [(slip, [run(f, case.args) for case in self.cases]) for slip, f in wrong]

    def __call__(self, answer: Callable[..., Any]) -> None:
        """Check a learner's function."""
        complaint, n_passed = self._judged(answer)
        if not complaint:
            n = len(self.by_hand)
            print(f"{self.name}: all {n_passed} cases pass ({n} by hand, {n_passed - n} at random).")
            print(report.wrapped(f"Next: {self.then}"))
        tell(self.id, not complaint, n_passed)
        if complaint:
            raise CheckFailed(complaint)

    def _judged(self, answer: Callable[..., Any]) -> tuple[str, int]:
        """What there is to say against the answer, "" if nothing, and how many cases passed."""
        if reason := report.uncallable(answer, self.parameters):
            return report.wrapped(f"{self.name}: {reason}"), 0
        outcomes: list[Outcome] = []
        try:
            for case in self.cases:
                outcomes.append(run(answer, case.args))
            right = [o.passes(case, self.tolerance) for o, case in zip(outcomes, self.cases, strict=True)]
            return "\n".join(self._complaint(answer, outcomes, right)), sum(right)
        except KeyboardInterrupt as stop:
            return "\n".join(self._stopped(stop, answer, len(outcomes))), 0

    def _complaint(
        self, answer: Callable[..., Any], outcomes: list[Outcome], right: list[bool]
    ) -> Iterator[str]:
        """The message line by line; nothing for a right answer."""
        if all(outcome.unwritten for outcome in outcomes):
            yield report.wrapped(f"{self.name}: {report.unwritten(outcomes[0])}")
        elif not all(right):
            yield from self._failed(answer, outcomes, right)

    def _stopped(self, stop: KeyboardInterrupt, answer: Callable[..., Any], n_done: int) -> Iterator[str]:
        """The message for a check that was interrupted."""
        if n_done == len(self.cases):
            yield f"{self.name}: stopped before all was compared; check again"
            return
        where = f"case {n_done + 1} of {len(self.cases)}"
        yield f"{self.name}: stopped in {where}. Is there a loop that never ends?"
        yield from report.learners_line(stop, answer)
        yield from report.called(self.parameters, self.cases[n_done].args)

    def _failed(
        self, answer: Callable[..., Any], outcomes: list[Outcome], right: list[bool]
    ) -> Iterator[str]:
        """The message for the first case that fails."""
        shown = right.index(False)
        case, outcome = self.cases[shown], outcomes[shown]
        yield f"{self.name}: not yet; {sum(right)} of {len(right)} cases pass. The first that fails:"
        yield from report.called(self.parameters, case.args)
        yield from report.came_back(outcome, case, self.parameters, answer, self.tolerance)
        if self._fickle(answer, case, outcome):
            yield report.wrapped(
                "called once more with the same arguments, it gave something else: "
                "it depends on chance, or on what an earlier call left behind"
            )
        if case.why:
            yield report.wrapped(f"why: {case.why}")
        if slip := self._slip(outcomes, shown):
            yield report.wrapped(f"usual slip: {slip.message}")

    def _fickle(self, answer: Callable[..., Any], case: Case, first: Outcome) -> bool:
        """Does a second call give another value of the right kind?"""
        comparable = first.error is None and kind(first.value, case.expected) == kind(case.expected)
        return comparable and not run(answer, case.args).alike(first)

    def _slip(self, outcomes: list[Outcome], shown: int) -> Slip | None:
        """The slip that errs as the learner did: on the case shown, and on a third of all where either errs.

        Cases that both get right say nothing: a slip that is right on most would be named for any mistake.
        """
        best, most = None, 1 / 3
        right = [o.passes(case, self.tolerance) for o, case in zip(outcomes, self.cases, strict=True)]
        for slip, wrong in self._slips:
            errs = [not w.passes(case, self.tolerance) for w, case in zip(wrong, self.cases, strict=True)]
            either = [n for n, r in enumerate(right) if errs[n] or not r]
            agree = [n for n in either if outcomes[n].alike(wrong[n], self.tolerance)]
            if shown in agree and errs[shown] and len(agree) / len(either) > most:
                best, most = slip, len(agree) / len(either)
        return best


def check(**options: Any) -> Callable[[Callable[..., Any]], Check]:
    """Decorator: the reference below it becomes a :class:`Check` with these options."""
    return lambda reference: Check(reference, **options)
