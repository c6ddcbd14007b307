"""A bookshop with a shelf for adults: it asks the visitor's own device, and keeps one bit.

    python run.py       starts this and an agent; README.md has the rest

What is left out is what every site has its own of: accounts, a database of sessions, HTTPS.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread
from passkeys import Passkeys
from sessions import Session, Sessions
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from agecheck.relying_party import (
    DEFAULT_AGENT,
    AcceptancePolicy,
    AnswerError,
    PinnedKeys,
    RelyingParty,
    ReplayStoreError,
    SqlReplayStore,
    agent_form,
    read_answer,
)

HERE = Path(__file__).parent
MAX_BODY_BYTES = 16_384


@dataclass(frozen=True)
class Settings:
    """What differs between installations.

    Attributes:
        origin: as browsers write it.
        secret: 32 random bytes.
        keys: of the devices that are believed.
        database: path of an SQLite file.
        age_limit: what is asked about, in whole years.
        challenge_age_years: from which estimate on a person counts as over; None: as calibrated.
        agent: where the visitor's agent listens.
        log: takes one line for each refused answer.
    """

    origin: str
    secret: bytes
    keys: PinnedKeys
    database: Path
    log: Callable[[str], None]
    age_limit: int = 18
    challenge_age_years: float | None = None
    agent: str = DEFAULT_AGENT


class Shop:
    """The site: its pages, and the four calls to `agecheck.relying_party`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions = Sessions(is_https=settings.origin.startswith("https:"))
        self._pages = Jinja2Templates(HERE / "pages")
        with closing(self._connect()) as database:
            database.execute("PRAGMA journal_mode=WAL")  # who reads does not wait for who writes
        store = SqlReplayStore(sqlite3, self._connect)
        store.create_table()
        self._passkeys = Passkeys(
            settings.origin, settings.age_limit, lambda: closing(self._connect())
        )
        self._gate = RelyingParty(
            settings.origin,
            secret=settings.secret,
            trust=settings.keys,
            policy=_policy(settings.age_limit, settings.challenge_age_years),
            replay_store=store,
        )

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self._front),
            Route("/shelf", self._shelf),
            Route("/gate", self._ask),
            Route("/answer", self._answer_page),
            Route("/answer", self._take_answer, methods=["POST"]),
            Route("/under", self._page("under.html")),
            Route("/other-way", self._page("other_way.html")),
            Route("/other-way/stub", self._stub_provider, methods=["POST"]),
            Route("/passkey/new", self._new_passkey, methods=["POST"]),
            Route("/passkey/keep", self._keep_passkey, methods=["POST"]),
            Route("/passkey/ask", self._ask_passkey, methods=["POST"]),
            Route("/passkey/use", self._use_passkey, methods=["POST"]),
            Route("/favicon.ico", _no_icon),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, self._guard)])

    async def _guard(
        self, request: Request, call: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Strict headers on every answer; no request that changes something from another site."""
        if request.method == "POST":
            length = request.headers.get("content-length", "")
            too_long = not length.isdecimal() or int(length) > MAX_BODY_BYTES
            if request.headers.get("origin") != self._settings.origin or too_long:
                return PlainTextResponse("", 403)
        response = await call(request)
        agent = urlsplit(self._settings.agent)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {agent.scheme}://{agent.netloc}"
        )
        # The agent has to see who asks. Without this, a site on HTTPS would be `null` to it.
        response.headers["Referrer-Policy"] = "origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    # The gate

    async def _front(self, request: Request) -> Response:
        return self._show(request, "front.html")

    async def _shelf(self, request: Request) -> Response:
        session = self._sessions.of(request)
        if session is None or not session.is_over:
            return RedirectResponse("/gate", 303)
        return self._show(request, "shelf.html", offer=not session.has_passkey)

    async def _ask(self, request: Request) -> Response:
        session = self._sessions.of(request) or self._sessions.new()
        asked = self._gate.new_challenge(self._settings.age_limit, visitor=session.name)
        session.ticket = asked.ticket
        fields = agent_form(asked.challenge, f"{self._settings.origin}/answer")
        page = self._show(request, "gate.html", agent=self._settings.agent, fields=fields)
        self._sessions.hand_out(session, page)
        return page

    async def _answer_page(self, request: Request) -> Response:
        return self._show(request, "answer.html")  # its script posts what is behind the #

    async def _take_answer(self, request: Request) -> Response:
        session = self._sessions.of(request)
        form = parse_qs((await request.body()).decode("ascii", "replace"))
        answer = read_answer(form.get("answer", [""])[0])
        if answer.token is None or session is None:
            return RedirectResponse("/other-way", 303)
        try:
            verified = await anyio.to_thread.run_sync(
                lambda: self._gate.verify(
                    answer.token or "",
                    ticket=session.ticket,
                    visitor=session.name,
                    age_limit=self._settings.age_limit,
                    public_jwk=answer.public_jwk,
                )
            )
        except (AnswerError, ReplayStoreError) as error:
            self._settings.log(f"refused: {error.fault.name}")  # the visitor is not told why
            return RedirectResponse("/other-way", 303)
        if not verified.over:
            return RedirectResponse("/under", 303)
        return self._let_in(session)

    async def _stub_provider(self, request: Request) -> Response:
        """Stands where a real provider of IDs would be called. It believes whatever it is told."""
        form = parse_qs((await request.body()).decode("ascii", "replace"))
        if form.get("says") != ["over"]:
            return RedirectResponse("/under", 303)
        return self._let_in(self._sessions.of(request) or self._sessions.new())

    def _let_in(self, session: Session) -> Response:
        """One bit is kept, in a session with a new name; the ticket has done its work."""
        response = RedirectResponse("/shelf", 303)
        renewed = self._sessions.renew(session)
        renewed.is_over = True
        self._sessions.hand_out(renewed, response)
        return response

    # Later visits

    async def _new_passkey(self, request: Request) -> Response:
        session = self._sessions.of(request)
        if session is None or not session.is_over:
            return JSONResponse({}, 403)
        options, session.passkey_challenge = self._passkeys.registration()
        return Response(options, media_type="application/json")

    async def _keep_passkey(self, request: Request) -> Response:
        session = self._sessions.of(request)
        if session is None or not session.is_over:
            return JSONResponse({}, 403)
        challenge, session.passkey_challenge = session.passkey_challenge, None
        if not self._passkeys.keep(await request.body(), challenge):
            return JSONResponse({}, 400)
        session.has_passkey = True
        return JSONResponse({})

    async def _ask_passkey(self, request: Request) -> Response:
        session = self._sessions.of(request) or self._sessions.new()
        options, session.passkey_challenge = self._passkeys.authentication()
        response = Response(options, media_type="application/json")
        self._sessions.hand_out(session, response)
        return response

    async def _use_passkey(self, request: Request) -> Response:
        session = self._sessions.of(request)
        if session is None:
            return JSONResponse({}, 403)
        challenge, session.passkey_challenge = session.passkey_challenge, None
        if not self._passkeys.recognise(await request.body(), challenge):
            return JSONResponse({}, 403)
        renewed = self._sessions.renew(session)
        renewed.is_over = renewed.has_passkey = True
        response = JSONResponse({})
        self._sessions.hand_out(renewed, response)
        return response

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            return self._show(request, name)

        return show

    def _show(self, request: Request, name: str, **values: object) -> Response:
        told = {"age": self._settings.age_limit, **values}
        return self._pages.TemplateResponse(request, name, told)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._settings.database, timeout=30)


async def _no_icon(_request: Request) -> Response:
    return Response(status_code=204)  # a browser asks for it unasked


def _policy(age_limit: int, challenge_age_years: float | None) -> AcceptancePolicy:
    """Sealed, alive, from a browser's camera, and not below the calibrated challenge age."""
    ages: dict[int, float] = {}
    if challenge_age_years is None:
        calibrated = AcceptancePolicy.calibrated(
            {age_limit}, seals={"sealed"}, liveness={"passive"}, inputs={"browser"}
        )
        ages.update(calibrated.min_challenge_ages_years)
    else:
        ages[age_limit] = challenge_age_years
    return AcceptancePolicy(
        min_challenge_ages_years=ages,
        seals={"sealed"},
        liveness={"passive", "active"},
        inputs={"browser"},
    )
