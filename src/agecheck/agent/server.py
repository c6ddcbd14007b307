"""The agent's web server: takes a site's question as a page, and talks to that page alone."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Mapping
from enum import Enum
from importlib.resources import files
from string import Template
from urllib.parse import parse_qsl  # text alone: nothing is opened or fetched

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agecheck.agent import guard
from agecheck.agent.desk import Desk
from agecheck.agent.questions import Questions
from agecheck.agent.visit import Visit
from agecheck.live_page import serving
from agecheck.live_page.guard import offered_secret, secrets_match
from agecheck.live_page.serving import Receive, Scope, Send
from agecheck.web_exchange import (
    ASK_PATH,
    KeyKind,
    Question,
    QuestionError,
    QuestionFault,
    read_question,
)

MAX_FORM_BYTES = 4096
VISIT_S = 600.0
"""How long one page may keep the others waiting: a tab that was left open, or opened to do so."""
HOME = (
    "This device answers sites that ask whether you are over an age. There is nothing to do here."
)
_PAGE = files("agecheck.agent") / "page"
_FILES = {
    "/agent.css": (_PAGE / "agent.css", "text/css"),
    "/agent.js": (_PAGE / "agent.js", "text/javascript"),
    **{
        f"/{name}": (files("agecheck.live_page") / name, "text/javascript")
        for name in ("frames.js", "read_first.js")
    },
}


class Refusal(Enum):
    """A page that says why nothing happens: status, and words for the person."""

    MALFORMED = (400, "The site's question could not be understood.")
    WRONG_ASKER = (403, "A page asked in the name of another site. Nothing was answered.")
    WRONG_CALLBACK = (403, "The answer would have gone to another site. Nothing was answered.")
    TOO_MANY = (429, "There were too many questions in the last minute. Wait a little.")
    GONE = (404, "This question has been answered, or is too old. Go back and ask again.")


class AgentServer:
    """The application.

    Args:
        desk: what visits share.
        port: the one that it is asked for on; the host is 127.0.0.1, and nothing else.
    """

    def __init__(self, desk: Desk, port: int) -> None:
        self._desk, self._host = desk, f"127.0.0.1:{port}"
        self._questions, self._pace = Questions(time.monotonic), guard.Pace(time.monotonic)
        self._is_watching = False
        self._ask_page = Template((_PAGE / "ask.html").read_text("utf-8"))
        self._plain_page = Template((_PAGE / "plain.html").read_text("utf-8"))
        routes = [
            Route("/", self._home),
            Route(ASK_PATH, self._ask, methods=["POST"]),
            Route(ASK_PATH + "/{name}", self._asked),
            WebSocketRoute(ASK_PATH + "/{name}", self._visit),
            serving.no_icon(),
            *(serving.fixed(path, *entry) for path, entry in _FILES.items()),
        ]
        self._app = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses what comes under another name, or from another page than may, before all else."""
        if scope["type"] not in ("http", "websocket"):
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        if headers.get("host") != self._host or not self._may(scope, headers):
            await serving.refuse(scope, receive, send)
            return
        await self._app(scope, receive, serving.with_page_headers(send, self._host))

    def _may(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        path = scope["path"]
        if scope["type"] == "websocket":
            return headers.get("origin") == f"http://{self._host}"
        if path == ASK_PATH or path == "/" or path.startswith(ASK_PATH + "/"):
            return guard.is_top_level(headers)
        return guard.is_own_page(headers, self._host)

    async def _home(self, _request: Request) -> Response:
        return self._plain(200, HOME)

    async def _ask(self, request: Request) -> Response:
        try:
            question = await _question_of(request)
        except QuestionError as error:
            return self._refuse(Refusal[error.fault.name])
        # After the cheap checks: what no site of that name sent uses up nobody's turn.
        if not self._pace.lets_through():
            return self._refuse(Refusal.TOO_MANY)
        pending = self._questions.add(question, self._desk.block(question))
        if pending is None:
            return self._refuse(Refusal.TOO_MANY)
        return RedirectResponse(f"{ASK_PATH}/{pending.name}", 303)

    async def _asked(self, request: Request) -> Response:
        pending = self._questions.get(request.path_params["name"])
        if pending is None:
            return self._refuse(Refusal.GONE)
        challenge = pending.question.challenge
        values = {
            "asker": challenge.audience,
            "age": str(challenge.age_limit),
            "secret": pending.secret,
            "block": "" if pending.block is None else pending.block.value,
            "lasting": "data-lasting" if pending.question.key is KeyKind.ENROLLED else "",
            "unlit": "" if self._desk.shows_lights(challenge.age_limit) else "hidden",
        }
        return HTMLResponse(
            self._ask_page.substitute({name: html.escape(text) for name, text in values.items()})
        )

    async def _visit(self, socket: WebSocket) -> None:
        pending = self._questions.get(socket.path_params["name"])
        offered = offered_secret(socket.scope.get("subprotocols", []), guard.SUBPROTOCOL)
        if pending is None or not secrets_match(offered, pending.secret):
            await socket.close()
            return
        await socket.accept(guard.SUBPROTOCOL)
        if self._is_watching or pending.is_open:
            await socket.send_json({"busy": True})
            await socket.close()
            return
        self._is_watching = pending.is_open = True
        visit = Visit(self._desk, pending, socket.send_json)
        try:
            try:
                async with asyncio.timeout(VISIT_S):
                    await serving.converse(socket, visit.see, visit.hear)
            except TimeoutError:
                await socket.close()
        except (WebSocketDisconnect, RuntimeError):
            pass  # it has gone, in the middle of a word or not
        finally:
            await visit.left()
            self._is_watching = pending.is_open = False
            if visit.is_done:
                self._questions.remove(pending)

    def _refuse(self, refusal: Refusal) -> Response:
        return self._plain(*refusal.value)

    def _plain(self, status: int, text: str) -> Response:
        return HTMLResponse(self._plain_page.substitute(text=html.escape(text)), status)


async def _question_of(request: Request) -> Question:
    """Raises QuestionError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise QuestionError(QuestionFault.MALFORMED)
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=8)
    except ValueError:
        pairs = []
    if kind != "application/x-www-form-urlencoded" or len(dict(pairs)) != len(pairs):
        raise QuestionError(QuestionFault.MALFORMED)
    return read_question(dict(pairs), asker=request.headers.get("origin"))
