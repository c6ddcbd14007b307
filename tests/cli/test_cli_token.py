"""From a key file over a check to a verified token, as two parties would do it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

AUDIENCE = "https://shop.example"
NONCE = "-N0nce_of-the-shop-001"  # base64url may well begin with a dash
ASK_OVER = ("--age-limit", "12", "--challenge-age", "15")
ASK_UNDER = ("--age-limit", "70", "--challenge-age", "75")


@dataclass(frozen=True)
class Device:
    """A key file, and the public key that the shop has of it."""

    key: str
    jwk: str


@pytest.fixture
def device(invoke: Invoke, tmp_path: Path) -> Device:
    """A fresh device that has introduced itself to the shop."""
    key, jwk = tmp_path / "device.key", tmp_path / "shop.jwk"
    assert invoke("keys", "new", str(key)).exit_code == 0
    shown = invoke("keys", "show", "--key", str(key), "--audience", AUDIENCE)
    assert shown.exit_code == 0
    jwk.write_text(shown.stdout)
    return Device(str(key), str(jwk))


@pytest.fixture
def attest(invoke: Invoke, device: Device) -> Callable[..., Result]:
    """Checks a picture for the shop."""

    def run(image: Path, *options: str) -> Result:
        asked = ("--audience", AUDIENCE, "--nonce", NONCE, "--key", device.key)
        return invoke("check", image, *asked, *options)

    return run


@pytest.fixture
def verify(invoke: Invoke, device: Device) -> Callable[..., Result]:
    """Verifies a token as the shop, with single options replaced."""

    def run(token: str, *options: str, stdin: bytes | None = None, **replaced: str) -> Result:
        asked = {"audience": AUDIENCE, "nonce": NONCE, "jwk": device.jwk, **replaced}
        given = [text for name, value in asked.items() for text in (f"--{name}", value)]
        return invoke("verify", token, *given, *options, stdin=stdin)

    return run


def test_over_travels_from_check_to_verify(attest: Invoke, verify: Invoke, portrait: Path) -> None:
    """What the device printed is what the shop reads: the main job, end to end."""
    checked = attest(portrait, *ASK_OVER)
    verdict, token = checked.stdout.splitlines()
    assert (verdict, checked.exit_code) == ("OVER", 0)

    verified = verify(token, "--age-limit", "12", "--accept-input", "file")
    first, *claims = verified.stdout.splitlines()
    assert (first, verified.exit_code) == ("OVER 12", 0)
    told = dict(line.split(": ", 1) for line in claims)
    assert told["challenge_age_years"] in ("15", "15.0")
    assert told["policy_id"] == "over-12/challenge-15/attempts-3"
    assert (told["seal"], told["liveness"], told["input"]) == ("sealed", "none", "file")


@pytest.mark.parametrize(("seal", "told"), [("best-effort", "sealed"), ("off", "open")])
def test_a_token_says_what_was_asked_of_the_seal(
    attest: Invoke, verify: Invoke, portrait: Path, seal: str, told: str
) -> None:
    """A relying party is told whether the picture was seen behind walls, whoever set that up."""
    token = attest(portrait, "--seal", seal, *ASK_OVER).stdout.splitlines()[1]
    claims = json.loads(verify(token, "--accept-input", "file", "--json").stdout)
    assert claims["seal"] == told


def test_under_travels_from_check_to_verify(attest: Invoke, verify: Invoke, portrait: Path) -> None:
    """A signed UNDER is verified as UNDER, with its own exit code."""
    checked = attest(portrait, *ASK_UNDER)
    verdict, token = checked.stdout.splitlines()
    assert (verdict, checked.exit_code) == ("UNDER", 10)
    verified = verify(token, "--accept-input", "file")
    assert (verified.stdout.splitlines()[0], verified.exit_code) == ("UNDER 70", 10)


def test_an_inconclusive_check_prints_no_token(attest: Invoke, cat: Path) -> None:
    """Nothing is signed when nothing was decided."""
    checked = attest(cat, *ASK_OVER)
    assert (checked.stdout, checked.exit_code) == ("INCONCLUSIVE NO_FACE\n", 20)


def test_json_carries_the_token_both_ways(attest: Invoke, verify: Invoke, portrait: Path) -> None:
    """Programs get the same answer as people, as JSON on both sides."""
    checked = json.loads(attest(portrait, "--json", *ASK_OVER).stdout)
    verified = verify(checked["token"], "--accept-input", "file", "--json")
    claims = json.loads(verified.stdout)
    assert (checked["verdict"], claims["verdict"], claims["age_limit"]) == ("OVER", "OVER", 12)
    assert (claims["error"], verified.exit_code) == (None, 0)


def test_a_token_is_read_from_standard_input(
    attest: Invoke, verify: Invoke, portrait: Path
) -> None:
    """A token can be piped, line break included, and so kept out of the process list."""
    token = attest(portrait, *ASK_OVER).stdout.splitlines()[1]
    verified = verify("-", "--accept-input", "file", stdin=token.encode() + b"\r\n")
    assert (verified.stdout.splitlines()[0], verified.exit_code) == ("OVER 12", 0)


@pytest.mark.parametrize(
    ("options", "replaced", "fault"),
    [
        ((), {}, "INPUT_REFUSED"),
        (("--accept-input", "browser", "--accept-input", "device"), {}, "INPUT_REFUSED"),
        (("--accept-input", "file"), {"audience": "https://other.example"}, "WRONG_AUDIENCE"),
        (("--accept-input", "file"), {"nonce": "another-nonce-000000"}, "WRONG_NONCE"),
        (("--accept-input", "file", "--age-limit", "18"), {}, "WRONG_AGE_LIMIT"),
    ],
)
def test_a_token_for_something_else_is_refused(
    attest: Invoke,
    verify: Invoke,
    portrait: Path,
    options: tuple[str, ...],
    replaced: dict[str, str],
    fault: str,
) -> None:
    """A good signature alone is not enough: each mismatch is exit code 2 and no verdict."""
    token = attest(portrait, *ASK_OVER).stdout.splitlines()[1]
    refused = verify(token, *options, "--json", **replaced)
    assert json.loads(refused.stdout) == {"verdict": None, "error": fault}
    assert refused.exit_code == 2
    assert refused.stderr.startswith("agecheck: refused: ")
    assert verify(token, *options, **replaced).stdout == ""


def test_a_changed_token_is_refused(attest: Invoke, verify: Invoke, portrait: Path) -> None:
    """One altered character in the claims voids the token."""
    head, claims, signature = attest(portrait, *ASK_OVER).stdout.splitlines()[1].split(".")
    changed = claims[:-4] + ("A" if claims[-4] != "A" else "B") + claims[-3:]
    refused = verify(f"{head}.{changed}.{signature}", "--accept-input", "file")
    assert (refused.stdout, refused.exit_code) == ("", 2)


def test_another_audiences_key_does_not_verify(
    invoke: Invoke, attest: Invoke, verify: Invoke, device: Device, portrait: Path, tmp_path: Path
) -> None:
    """Keys are per audience: what one shop holds says nothing about another's tokens."""
    other = tmp_path / "other.jwk"
    shown = invoke("keys", "show", "--key", device.key, "--audience", "https://other.example")
    other.write_text(shown.stdout)
    token = attest(portrait, *ASK_OVER).stdout.splitlines()[1]
    refused = verify(token, "--accept-input", "file", "--json", jwk=str(other))
    assert json.loads(refused.stdout)["error"] == "BAD_SIGNATURE"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff", b"{" * 70_000, b"{}"])
def test_a_jwk_file_that_is_none_is_bad_input(
    verify: Invoke, tmp_path: Path, content: bytes | None
) -> None:
    """A wrong key file is told apart from a bad token, and never ends as a verdict."""
    jwk = tmp_path / "wrong.jwk"
    if content is not None:
        jwk.write_bytes(content)
    result = verify("a.b.c", jwk=str(jwk))
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "refused" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("token", ["", "a.b.c", "ÿ", "A" * 10_000])
def test_what_is_no_token_is_refused(verify: Invoke, token: str) -> None:
    """Whatever text arrives, the answer is a refusal and not a crash."""
    result = verify(token)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("agecheck: refused: ")


def test_a_token_too_long_on_standard_input_is_refused(verify: Invoke) -> None:
    """An endless pipe is cut, and what was cut is not mistaken for the token."""
    result = verify("-", "--json", stdin=b"A" * 100_000)
    assert json.loads(result.stdout)["error"] == "TOO_LARGE"


def test_a_malformed_challenge_is_bad_input(invoke: Invoke, device: Device, portrait: Path) -> None:
    """A nonce too short to be fresh is refused before the picture is opened."""
    asked = ("--audience", AUDIENCE, "--nonce", "short", "--key", device.key)
    result = invoke("check", portrait, *asked)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("agecheck: nonce ")


def test_a_new_key_says_nothing_and_belongs_to_its_owner(invoke: Invoke, tmp_path: Path) -> None:
    """The secret is not printed, and nobody else can read the file."""
    key = tmp_path / "device.key"
    result = invoke("keys", "new", str(key))
    assert (result.stdout, result.stderr, result.exit_code) == ("key created\n", "", 0)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_key_is_not_overwritten(invoke: Invoke, device: Device) -> None:
    """A second `keys new` cannot destroy a key that relying parties know."""
    before = Path(device.key).read_bytes()
    result = invoke("keys", "new", device.key)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert Path(device.key).read_bytes() == before


def test_show_prints_public_members_only(invoke: Invoke, device: Device) -> None:
    """What goes to a relying party holds no private part, and differs for each of them."""
    ours = json.loads(Path(device.jwk).read_text())
    assert set(ours) == {"kty", "crv", "x", "kid", "alg", "use"}
    theirs = json.loads(
        invoke("keys", "show", "--key", device.key, "--audience", "https://other.example").stdout
    )
    assert ours["x"] != theirs["x"]
    assert ours["kid"] != theirs["kid"]


def test_a_key_that_others_can_read_is_refused(invoke: Invoke, device: Device) -> None:
    """A key file with loose permissions is not trusted to be secret."""
    Path(device.key).chmod(0o644)
    result = invoke("keys", "show", "--key", device.key, "--audience", AUDIENCE)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("agecheck: ")
