"""A shelf for adults, in FastAPI: asks the visitor's own device, and keeps one bit.

AGECHECK_KEYS=keys.json SITE_SECRET=... uvicorn app:app --port 8461
"""

import json
import logging
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

from agecheck.relying_party import (
    DEFAULT_AGENT,
    AcceptancePolicy,
    AnswerError,
    PinnedKeys,
    RelyingParty,
    SqlReplayStore,
    agent_form,
    read_answer,
)

ORIGIN = os.environ.get("ORIGIN", "http://localhost:8461")
DATABASE = os.environ.get("DATABASE", "site.db")
SECRET = bytes.fromhex(os.environ["SITE_SECRET"])  # 32 random bytes, on all servers the same
HERE = Path(__file__).parent

store = SqlReplayStore(sqlite3, lambda: sqlite3.connect(DATABASE, timeout=30))
store.create_table()
site = RelyingParty(
    ORIGIN,
    secret=SECRET,
    trust=PinnedKeys(json.loads(Path(os.environ["AGECHECK_KEYS"]).read_text())),
    policy=AcceptancePolicy.calibrated(
        {18}, seals={"sealed"}, liveness={"passive", "active"}, inputs={"browser"}
    ),
    replay_store=store,
)
logger = logging.getLogger("uvicorn.error")
pages = Jinja2Templates(HERE / "templates")
app = FastAPI(openapi_url=None)
app.mount("/static", StaticFiles(directory=HERE / "static"))
app.add_middleware(
    SessionMiddleware,
    secret_key=SECRET.hex(),
    same_site="strict",
    https_only=ORIGIN.startswith("https:"),
)


@app.get("/")
def shelf(request: Request) -> Response:
    session = request.session
    if session.get("over_18") is True:
        return pages.TemplateResponse(request, "shelf.html")
    session.setdefault("visitor", secrets.token_urlsafe(24))
    asked = site.new_challenge(18, visitor=session["visitor"])
    session["ticket"] = asked.ticket
    fields = agent_form(asked.challenge, f"{ORIGIN}/answer")
    page = pages.TemplateResponse(request, "gate.html", {"agent": DEFAULT_AGENT, "fields": fields})
    page.headers["Referrer-Policy"] = "origin"  # the agent is told who asks, and nothing else
    return page


@app.get("/answer")
def answer_page(request: Request) -> Response:
    return pages.TemplateResponse(request, "answer.html")  # its script posts what is behind the #


@app.post("/answer")
def take_answer(request: Request, answer: Annotated[str, Form(max_length=8192)] = "") -> Response:
    said = read_answer(answer)
    ticket, visitor = request.session.pop("ticket", ""), request.session.get("visitor")
    if said.token is None or visitor is None:
        return RedirectResponse("/other-way", 303)
    try:
        verified = site.verify(said.token, ticket=ticket, visitor=visitor, age_limit=18)
    except AnswerError as error:
        logger.warning("answer refused: %s", error.fault.name)  # the visitor is not told why
        return RedirectResponse("/other-way", 303)
    if not verified.over:
        return RedirectResponse("/under", 303)
    request.session["over_18"] = True  # one bit; `verified.issuer` would link visits
    return RedirectResponse("/", 303)


@app.get("/under")
def under(request: Request) -> Response:
    return pages.TemplateResponse(request, "under.html")


@app.get("/other-way")
def other_way(request: Request) -> Response:
    return pages.TemplateResponse(request, "other_way.html")
