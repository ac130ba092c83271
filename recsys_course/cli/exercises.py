"""recsys-course exercises: what there is, how far you are, one hint at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_course.cli.common import console
from recsys_course.cli.errors import bad_usage
from recsys_course.cli.keeping import export, import_, reset
from recsys_course.cli.studying import markdown, open_chapter, watch_chapter

if TYPE_CHECKING:
    from recsys_course.exercises.catalogue import Chapter, Exercise

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="3.1, similarity, or collaborative_filtering.similarity.", show_default=False
    ),
]
app = typer.Typer(
    help="The exercises: list them with your progress, read one, take a hint, check while you write.",
    epilog="Examples:\n\nrecsys-course exercises\n\nrecsys-course exercises hint 3.1\n\n"
    "recsys-course exercises watch 3",
    invoke_without_command=True,
)


@app.callback()
def list_all(context: typer.Context) -> None:
    """Chapters and exercises, and how far you are."""
    if context.invoked_subcommand is not None:
        return
    from recsys_course.exercises.catalogue import chapters
    from recsys_course.exercises.standing import first_undone, standings
    from recsys_course.exercises.store import store

    history = store().read()
    coming = None
    for chapter in chapters():
        those = standings(chapter, history)
        _print_chapter(chapter, those)
        coming = coming or first_undone(those)
    if coming:
        number = coming.exercise.number
        typer.echo(f"Next: recsys-course exercises show {number}  (hint {number} for a hint)")
    else:
        typer.echo("All done. Well done!")


def _print_chapter(chapter: Chapter, those: list[Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from recsys_course.exercises.standing import bar

    screen = console()
    done = sum(one.done for one in those)
    signs = "#-" if screen.options.ascii_only else "█░"
    table = Table("exercise", "what to write", "function", "state", "tries", "hints")
    for one in those:
        of = one.exercise
        hints = f"{len(one.shown)} of {len(of.hints)}"
        table.add_row(of.number, escape(of.title), of.name, one.word, str(one.tries or ""), hints)
    screen.print(
        f"{chapter.number} {chapter.title}  {bar(done, len(those), signs=signs)}  {done} of {len(those)} done"
    )
    screen.print(table)


@app.command(epilog="Example:\n\nrecsys-course exercises show 3.1")
def show(exercise: Id) -> None:
    """The task of an exercise, and where to write the answer."""
    from recsys_course.exercises.catalogue import chapter_of
    from recsys_course.exercises.hints import seen, solution_of, stands

    found = _exercise(exercise)
    now = stands(found)
    screen = console()
    screen.print(markdown(f"## {found.number} {found.title}\n\n{found.task}"))
    screen.print()
    for label, text in {
        "function": found.name,
        "state": now.word + (f", {now.tries} tries" if now.tries > 1 else ""),
        "notebook": f"exercises/{chapter_of(found).notebook}.ipynb",
        "hints": f"{seen(now)}; recsys-course exercises hint {found.number}",
        "solution": solution_of(found),
    }.items():
        screen.print(f"{label:<9} {text}", markup=False)


@app.command(
    epilog="Examples:\n\nrecsys-course exercises hint 3.1\n\nrecsys-course exercises hint ease --all"
)
def hint(
    exercise: Id,
    all_: Annotated[bool, typer.Option("--all", help="Every hint, also those seen before.")] = False,
) -> None:
    """The next hint you have not seen."""
    from recsys_course.exercises.hints import solution_of, stands, take_all, take_hint, told

    found = _exercise(exercise)
    screen = console()
    if all_:
        take_all(found)
        for each in found.hints:
            screen.print(markdown(told(each)))
    elif new := take_hint(found):
        screen.print(markdown(told(new)))
    else:
        typer.echo(f"You have seen all {len(found.hints)} hints of {found.number}; --all shows them again.")
    left = len(found.hints) - len(stands(found).shown)
    typer.echo(
        f"{left} more for {found.number}." if left else f"The answer, with its reasons: {solution_of(found)}"
    )


app.command("open", epilog="Example:\n\nrecsys-course exercises open 3")(open_chapter)
app.command("watch", epilog="Example:\n\nrecsys-course exercises watch collaborative_filtering")(
    watch_chapter
)
app.command(
    epilog="Examples:\n\nrecsys-course exercises reset similarity\n\n"
    "recsys-course exercises reset 3 --progress-only"
)(reset)
app.command(epilog="Example:\n\nrecsys-course exercises export progress.json")(export)
app.command("import", epilog="Example:\n\nrecsys-course exercises import progress.json")(import_)


def _exercise(text: str) -> Exercise:
    from recsys_course.exercises.catalogue import find_exercise

    with bad_usage("ID"):
        return find_exercise(text)
