"""The examples for FastAPI, Django and Flask, started as their page says and answered to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from examples.sites import Example, running

COMMANDS = {
    "fastapi": ["-m", "uvicorn", "app:app", "--port", "PORT"],
    "django": ["app.py", "runserver", "--noreload", "PORT"],
    "flask": ["-m", "flask", "--app", "app", "run", "--port", "PORT"],
}


@pytest.fixture(scope="module", params=COMMANDS)
def example(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    """One of the three, running."""
    log = tmp_path_factory.mktemp(request.param) / "log"
    with running(request.param, COMMANDS[request.param], log) as started:
        yield started


def test_over_opens_the_shelf_once(example: Example) -> None:
    """The whole way; and the same answer is not taken again, by this visitor or another."""
    visitor = example.visitor()
    text = visitor.take(visitor.asked())
    assert "Welcome" in visitor.send(text).text
    assert "Welcome" in visitor.read()
    for other in (visitor, example.visitor()):
        other.read()
        assert "Another way" in other.send(text).text
    assert "for adults" in other.read()


def test_under_is_told_and_stays_outside(example: Example) -> None:
    """An answer that verifies is not yet an answer that opens."""
    visitor = example.visitor()
    asked = visitor.asked()
    assert "Not this time" in visitor.send(visitor.take(asked, over=False)).text
    assert "for adults" in visitor.read()


@pytest.mark.parametrize("text", ["agecheck=no_token", "", "agecheck=", "nonsense", "a" * 5000])
def test_no_answer_leads_to_the_other_way(example: Example, text: str) -> None:
    """Declined, broken or empty: all the same, and nobody is let in."""
    visitor = example.visitor()
    visitor.asked()
    assert "Show an ID" in visitor.send(text).text
    assert "for adults" in visitor.read()


def test_refused_answers_are_named_for_the_site_alone(example: Example) -> None:
    """The visitor reads of another way; the fault's name goes to the log, and nothing else."""
    visitor = example.visitor()
    stranger = visitor.take(visitor.asked(), signer=example.device(b"\x02" * 32))
    said = [visitor.send(stranger).text]
    said.append(visitor.send(visitor.take(visitor.asked(), seal="open")).text)
    said.append(visitor.send(visitor.take(visitor.asked(), input="file")).text)
    assert len(set(said)) == 1
    log = example.log.read_text()
    for fault in ("KEY_NOT_ENROLLED", "SEAL_REFUSED", "INPUT_REFUSED"):
        assert fault in log
    assert stranger.removeprefix("agecheck=")[:40] not in log


def test_one_answer_sixteen_times_at_once(example: Example) -> None:
    """One visitor's browser, sixteen copies of a request: the store lets one of them in."""
    visitor = example.visitor()
    text = visitor.take(visitor.asked())
    copies = [example.visitor() for _ in range(16)]
    for copy in copies:
        copy.read("/answer")
        copy._client.cookies.update(visitor._client.cookies)
    with ThreadPoolExecutor(16) as threads:
        pages = list(threads.map(lambda copy: copy.send(text).text, copies))
    assert sum("Welcome" in page for page in pages) == 1
