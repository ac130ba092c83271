"""Which models can serve a new user or a new item."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def clicks(rng: Random) -> tuple[int, int, int]:
    """Of the user at the fit and now, of the item; 0 often."""
    before, after, item = (rng.randrange(3) for _ in range(3))
    return before, before + after, item


@check(
    by_hand=[
        Case((5, 5, 0), set(), "a new item has no clicks: no co-occurrence, no raters, no factors"),
        Case((0, 0, 5), set(), "a user without a click is unknown to all three"),
        Case(
            (0, 1, 5),
            {"item-knn"},
            "the stored item similarities serve a history of one click; the user had no row when "
            "neighbours and factors were computed",
        ),
        Case((5, 6, 5), {"user-knn", "item-knn", "mf"}, "both sides were there when the models were fitted"),
    ],
    at_random=clicks,
    slips=[
        Slip(
            "ItemKNN does not serve new items: an item without clicks is similar to nothing",
            ('names.add("item-knn")', "pass"),
            ("if item_clicks == 0:", 'if clicks_now > 0: names.add("item-knn")\n    if item_clicks == 0:'),
        ),
        Slip(
            "ItemKNN needs no new fit for a new user: it looks up the clicks made up to now",
            ("if clicks_now > 0:", "if clicks_at_fit > 0:"),
        ),
        Slip(
            "a user who came after the fit has no stored neighbours and no factors: only ItemKNN serves",
            ("if clicks_at_fit > 0:", "if clicks_now > 0:"),
        ),
        Slip(
            "a new item has no factors and no raters: it can be scored by none of the three",
            ("return names\n    if", "pass\n    if"),
        ),
        Slip(
            "UserKNN and MF know the users of the log they were fitted on: they can score them too",
            ('names |= {"user-knn", "mf"}', "pass"),
        ),
    ],
    then="what would you serve to the pairs that get the empty set?",
)
def who_can_score(clicks_at_fit: int, clicks_now: int, item_clicks: int) -> set[str]:
    """Which of user-knn, item-knn, mf can score a pair, without a new fit."""
    names: set[str] = set()
    if item_clicks == 0:
        return names
    if clicks_now > 0:
        names.add("item-knn")
    if clicks_at_fit > 0:
        names |= {"user-knn", "mf"}
    return names
