"""A shelf for adults, in Django: asks the visitor's own device, and keeps one bit.

    AGECHECK_KEYS=keys.json SITE_SECRET=... python app.py runserver --noreload 8461

One file, so that it can be read at once. In a project, the views go to views.py, `site` to a module
of its own, and the settings are the project's.
"""

import json
import logging
import os
import secrets
import sqlite3
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

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

settings.configure(
    SECRET_KEY=SECRET.hex(),
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.staticfiles"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_SAMESITE="Strict",
    SESSION_COOKIE_SECURE=ORIGIN.startswith("https:"),
    CSRF_COOKIE_SAMESITE="Strict",
    CSRF_COOKIE_SECURE=ORIGIN.startswith("https:"),
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [HERE / "templates"],
        }
    ],
    STATIC_URL="/static/",
    STATICFILES_DIRS=[HERE / "static"],
    DEBUG=os.environ.get("DEBUG") == "1",
)
django.setup()
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
logger = logging.getLogger("django.request")


def shelf(request: HttpRequest) -> HttpResponse:
    session = request.session
    if session.get("over_18") is True:
        return render(request, "shelf.html")
    session.setdefault("visitor", secrets.token_urlsafe(24))
    asked = site.new_challenge(18, visitor=session["visitor"])
    session["ticket"] = asked.ticket
    fields = agent_form(asked.challenge, f"{ORIGIN}/answer")
    page = render(request, "gate.html", {"agent": DEFAULT_AGENT, "fields": fields})
    page["Referrer-Policy"] = "origin"  # the agent is told who asks, and nothing else
    return page


@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "answer.html")  # its script posts what is behind the #
    said = read_answer(request.POST.get("answer"))
    ticket, visitor = request.session.pop("ticket", ""), request.session.get("visitor")
    if said.token is None or visitor is None:
        return redirect("/other-way")
    try:
        verified = site.verify(said.token, ticket=ticket, visitor=visitor, age_limit=18)
    except AnswerError as error:
        logger.warning("answer refused: %s", error.fault.name)  # the visitor is not told why
        return redirect("/other-way")
    if not verified.over:
        return redirect("/under")
    request.session["over_18"] = True  # one bit; `verified.issuer` would link visits
    return redirect("/")


def under(request: HttpRequest) -> HttpResponse:
    return render(request, "under.html")


def other_way(request: HttpRequest) -> HttpResponse:
    return render(request, "other_way.html")


urlpatterns = [
    path("", shelf),
    path("answer", answer),
    path("under", under),
    path("other-way", other_way),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
