"""A shelf for adults, in Flask: asks the visitor's own device, and keeps one bit.

AGECHECK_KEYS=keys.json SITE_SECRET=... flask --app app run --port 8461
"""

import json
import os
import secrets
import sqlite3
from pathlib import Path

from flask import Flask, Response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

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
app = Flask(__name__)
app.secret_key = SECRET
app.config.update(
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Strict",
    SESSION_COOKIE_SECURE=ORIGIN.startswith("https:"),
    MAX_CONTENT_LENGTH=16_384,
)


@app.get("/")
def shelf() -> Response:
    if session.get("over_18") is True:
        return Response(render_template("shelf.html"))
    session.setdefault("visitor", secrets.token_urlsafe(24))
    asked = site.new_challenge(18, visitor=session["visitor"])
    session["ticket"] = asked.ticket
    fields = agent_form(asked.challenge, f"{ORIGIN}/answer")
    page = Response(render_template("gate.html", agent=DEFAULT_AGENT, fields=fields))
    page.headers["Referrer-Policy"] = "origin"  # the agent is told who asks, and nothing else
    return page


@app.get("/answer")
def answer_page() -> str:
    return render_template("answer.html")  # its script posts what is behind the #


@app.post("/answer")
def take_answer() -> AnyResponse:
    answer = read_answer(request.form.get("answer"))
    ticket, visitor = session.pop("ticket", ""), session.get("visitor")
    if answer.token is None or visitor is None:
        return redirect("/other-way", 303)
    try:
        verified = site.verify(answer.token, ticket=ticket, visitor=visitor, age_limit=18)
    except AnswerError as error:
        app.logger.warning("answer refused: %s", error.fault.name)  # the visitor is not told why
        return redirect("/other-way", 303)
    if not verified.over:
        return redirect("/under", 303)
    session["over_18"] = True  # one bit; `verified.issuer` would link visits
    return redirect("/", 303)


@app.get("/under")
def under() -> str:
    return render_template("under.html")


@app.get("/other-way")
def other_way() -> str:
    return render_template("other_way.html")
