"""The signatures that the page of the Python API shows are those of the code."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agecheck import AgeChecker, AgePolicy, load_checker
from agecheck.token import verify_token

PAGE = (Path(__file__).parents[2] / "docs/reference/api.md").read_text("utf-8")
METHODS = ("check", "check_async", "attest", "attest_async", "live_session", "close")


def shown(name: str) -> ast.arguments:
    """The arguments of a call as the page writes them."""
    found = re.search(rf"^{re.escape(name)}(\([^)]*\))", PAGE, re.M)
    assert found, name
    (function,) = ast.parse(f"def shown{found[1]}: ...").body
    assert isinstance(function, ast.FunctionDef)
    return function.args


def defaults(arguments: ast.arguments) -> dict[str, ast.expr | None]:
    """Each argument's name, in order, with the default that is shown, if any."""
    plain = [argument.arg for argument in arguments.args]
    without = [None] * (len(plain) - len(arguments.defaults))
    return {
        **dict(zip(plain, [*without, *arguments.defaults], strict=True)),
        **{a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)},
    }


@pytest.mark.parametrize("call", [load_checker, AgePolicy, verify_token])
def test_a_signature_is_the_codes(call: Callable[..., Any]) -> None:
    """Names, order and defaults: who copies a line from the page gets what it promises."""
    parameters = inspect.signature(call).parameters
    arguments = shown(call.__name__)
    keyword_only = {name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert {argument.arg for argument in arguments.kwonlyargs} == keyword_only
    assert list(defaults(arguments)) == list(parameters)
    for name, default in defaults(arguments).items():
        if default is None:
            assert parameters[name].default is inspect.Parameter.empty
        elif not isinstance(default, ast.Name):  # a name stands for an object of ours
            assert ast.literal_eval(default) == parameters[name].default


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_what_is_shown(method: str) -> None:
    """The short list at the top of the page names no argument that there is not."""
    _self, *names = inspect.signature(getattr(AgeChecker, method)).parameters
    assert list(defaults(shown(f"AgeChecker.{method}"))) == names
