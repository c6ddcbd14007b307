"""How tokens are damaged: one function for each way."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from long.verifier_fuzz import Subject

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/~ \n\0\u00e9\u0417"
VALUES: list[object] = [
    True,
    False,
    None,
    0,
    1,
    18,
    -1,
    1e308,
    300,
    "",
    "file",
    "none",
    "sealed",
    [],
    {},
    "\ud800",
]
NAMES = ["age_over_21", "age_over_018", "admin", "crit", "_sd", "cnf", "nbf", "__proto__"]
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519, RFC 8032


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def edit_text(chance: random.Random, subject: Subject) -> str:
    """Letters put in, taken out or replaced."""
    token = subject.good
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(token) + 1)
        letters = "".join(chance.choices(ALPHABET, k=chance.randrange(3)))
        token = token[:place] + letters + token[place + chance.randrange(3) :]
    return token


def flip_bits(chance: random.Random, subject: Subject) -> str:
    """Bits of a decoded part flipped."""
    parts = subject.good.rstrip("~").split(".")
    place = chance.randrange(len(parts))
    content = bytearray(decoded(parts[place]))
    for _ in range(chance.randint(1, 3)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    parts[place] = unpadded(bytes(content))
    return ".".join(parts) + "~" * subject.good.endswith("~")


def mix_parts(chance: random.Random, subject: Subject) -> str:
    """Parts of genuine tokens put together anew, left out or doubled; or halves of two tokens."""
    tokens = [subject.good, *subject.others]
    if chance.random() < 0.3 or "." not in subject.good:
        one, two = chance.choice(tokens), chance.choice(tokens)
        cut = chance.randrange(len(one))
        return one[:cut] + two[cut + chance.randint(-2, 2) :]
    pool = [part for token in tokens for part in token.split(".")] + [""]
    return ".".join(chance.choices(pool, k=chance.choice([1, 2, 3, 3, 3, 3, 4])))


def edit_claims(chance: random.Random, subject: Subject) -> str:
    """Another payload or header under the old signature."""
    parts = subject.good.rstrip("~").split(".")
    if len(parts) != 3:
        return flip_bits(chance, subject)
    place = chance.randrange(2)
    members = json.loads(decoded(parts[place]))
    members[chance.choice([*members, *NAMES])] = chance.choice(VALUES)
    text = json.dumps(members, separators=(",", chance.choice([":", ": "])))
    if chance.random() < 0.2:
        name, value = chance.choice(list(members.items()))
        text = f"{text[:-1]},{json.dumps(name)}:{json.dumps(value)}}}"
    parts[place] = unpadded(text.encode())
    return ".".join(parts) + "~" * subject.good.endswith("~")


def respell(chance: random.Random, subject: Subject) -> str:
    """The same bytes or the same signature in other words."""
    body = subject.good.rstrip("~")
    head, _, signature = body.rpartition(".")
    if not head or chance.random() < 0.4:
        return body[:-1] + chance.choice(ALPHABET[:64]) + "=" * chance.randrange(3)
    raw = decoded(signature)
    scalar = int.from_bytes(raw[32:], "little") + GROUP_ORDER * chance.randint(1, 14)
    spelled = unpadded(raw[:32] + scalar.to_bytes(32, "little"))
    return f"{head}.{spelled}" + "~" * subject.good.endswith("~")


def sign_edited(chance: random.Random, subject: Subject) -> str:
    """Damaged JSON under a good signature: the claims are read."""
    parts = subject.good.rstrip("~").split(".")
    if len(parts) != 3:
        return flip_bits(chance, subject)
    payload = bytearray(decoded(parts[1]))
    if chance.random() < 0.5:
        place = chance.randrange(len(payload))
        payload[place : place + chance.randrange(3)] = bytes(
            chance.choices(b'{}[]:,"0123456789.eE+-\\ux\x00\xc3\xff tfn', k=chance.randrange(3))
        )
    else:
        members = json.loads(payload)
        members[chance.choice([*members, *NAMES])] = chance.choice(VALUES)
        payload = bytearray(json.dumps(members).encode())
    signed = f"{parts[0]}.{unpadded(bytes(payload))}"
    signature = unpadded(subject.key.sign(signed.encode()))
    return f"{signed}.{signature}" + "~" * subject.good.endswith("~")


EDITS = (edit_text, flip_bits, mix_parts, edit_claims, respell, sign_edited)
