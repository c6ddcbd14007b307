"""The kiosk's settings: one TOML file, checked whole before anything starts.

The classes below are the schema; docs/reference/kiosk.schema.json is made from them. No message
repeats a value: a settings file holds names, addresses and paths.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from agecheck.errors import AgecheckError
from agecheck.kiosk.config_rules import require_consistent
from agecheck.kiosk.errors import KioskConfigError
from agecheck.policy import (
    MAX_AGE_LIMIT_YEARS,
    MAX_ATTEMPTS,
    MAX_CHALLENGE_AGE_YEARS,
    MIN_AGE_LIMIT_YEARS,
    AgePolicy,
    Liveness,
)

MAX_CONFIG_BYTES = 64 * 1024
BROWSER = "browser"
VIRTUAL_NAMES = (
    *("virtual camera", "virtual webcam", "vcam", "manycam", "snap camera"),
    *("dummy video device", "fake_device"),  # v4l2loopback's own name, and Chromium's
)
_DEVICE = re.compile(r"/dev/video[0-9]{1,3}")

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
FileName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
Url: TypeAlias = Annotated[str, Meta(min_length=8, max_length=2048)]
Audience: TypeAlias = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,255}$")]
Deadline: TypeAlias = Annotated[float, Meta(gt=0, le=30)]
Language: TypeAlias = Literal["en", "de", "fr", "es"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a member that the schema does not know is an error, not a guess."""


class PolicySection(_Section, frozen=True):
    """What is asked. As `AgePolicy`; `calibration` is a file in the shipped one's place."""

    age_limit: Annotated[int, Meta(ge=MIN_AGE_LIMIT_YEARS, le=MAX_AGE_LIMIT_YEARS)] = 18
    challenge_age: (
        Annotated[float, Meta(gt=MIN_AGE_LIMIT_YEARS, le=MAX_CHALLENGE_AGE_YEARS)] | None
    ) = None
    max_false_over: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    max_attempts: Annotated[int, Meta(ge=1, le=MAX_ATTEMPTS)] = 3
    liveness: Liveness = "passive"
    calibration: FileName | None = None

    def as_policy(self) -> AgePolicy:
        """The same, checked.

        Raises:
            PolicyError: it contradicts itself.
        """
        return AgePolicy(
            self.age_limit,
            self.challenge_age,
            self.max_false_over,
            self.max_attempts,
            liveness=self.liveness,
        )


class PageSection(_Section, frozen=True):
    """The page on the screen.

    Attributes:
        asker: who asks, as the person in front reads it.
        port: on 127.0.0.1.
        languages: offered, the first one at first.
        result_s: how long the result stays on the screen.
        cool_down_s: how long no check begins once the attempts are used up.
        sound: whether a result is also heard.
        address_files: a folder for files with the addresses of the page and of the staff page, and
            a page to start a browser with; each holds a secret. Without it the addresses are
            printed on standard error.
    """

    asker: Text
    port: Annotated[int, Meta(ge=0, le=65535)] = 8765
    languages: Annotated[tuple[Language, ...], Meta(min_length=1, max_length=4)] = ("en",)
    result_s: Annotated[float, Meta(ge=1, le=60)] = 6.0
    cool_down_s: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    sound: bool = True
    address_files: FileName | None = None


class CameraSection(_Section, frozen=True):
    """Where frames come from: "browser", /dev/videoN, a video file, or a folder of pictures.

    Attributes:
        virtual: what to do with a camera that names itself as a program that plays films does.
        virtual_names: such names, or parts of them, in any case.
    """

    source: FileName = BROWSER
    seal: Literal["require", "best-effort"] = "require"
    virtual: Literal["accept", "refuse"] = "accept"
    virtual_names: Annotated[tuple[Text, ...], Meta(max_length=50)] = VIRTUAL_NAMES

    @property
    def refused_names(self) -> tuple[str, ...]:
        """Parts of names, in lower case; empty unless they are refused."""
        if self.virtual == "accept":
            return ()
        return tuple(name.casefold() for name in self.virtual_names)

    @property
    def input_kind(self) -> Literal["browser", "device", "file"]:
        """The token's claim `input`. A recording is a file, whoever plays it."""
        if self.source == BROWSER:
            return "browser"
        return "device" if _DEVICE.fullmatch(self.source) else "file"


class TokenSection(_Section, frozen=True):
    """Who the tokens are for.

    Attributes:
        key: this device's key file, from `agecheck keys new`.
        audience: whom a token is for when no challenge was asked from outside.
    """

    key: FileName
    audience: Audience


class ChallengesSection(_Section, frozen=True):
    """Challenges from outside; without this table the kiosk draws its own nonces.

    Attributes:
        secret: a file with at least 32 bytes that only the asker and this kiosk have.
        audiences: who may ask.
        max_lifetime_s: a challenge that is good for longer is refused.
        listen: where they come in.
    """

    secret: FileName
    audiences: Annotated[tuple[Audience, ...], Meta(min_length=1, max_length=64)]
    max_lifetime_s: Annotated[int, Meta(ge=10, le=600)] = 120
    listen: Annotated[tuple[Literal["stdin", "mqtt"], ...], Meta(min_length=1, max_length=2)] = (
        "stdin",
    )


class StdoutSection(_Section, frozen=True):
    """One token a line on standard output."""


class WebhookSection(_Section, frozen=True):
    """One POST with the token as its body."""

    url: Url
    deadline_s: Deadline = 5.0
    ca_file: FileName | None = None


class MqttSection(_Section, frozen=True):
    """One message with the token as its payload, at least once (QoS 1)."""

    host: Text
    topic: Annotated[str, Meta(pattern=r"^[^+#\x00]{1,200}$")]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    username: Text | None = None
    password_file: FileName | None = None
    ca_file: FileName | None = None
    challenge_topic: Annotated[str, Meta(pattern=r"^[^+#\x00]{1,200}$")] | None = None
    deadline_s: Deadline = 5.0


class GpioSection(_Section, frozen=True):
    """A pulse on one pin, for OVER only, once the token has arrived everywhere else."""

    pin: Annotated[int, Meta(ge=0, le=27)]
    pulse_ms: Annotated[int, Meta(ge=10, le=10_000)] = 500
    active_high: bool = True


class OutputsSection(_Section, frozen=True):
    """Where tokens go. What has no table is off."""

    stdout: StdoutSection | None = None
    webhook: WebhookSection | None = None
    mqtt: MqttSection | None = None
    gpio: GpioSection | None = None


class FallbackSection(_Section, frozen=True):
    """What is called when an ID is needed. It learns that, and nothing else.

    Attributes:
        command: a program and its arguments.
        url: gets a POST without a body.
    """

    command: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)] | None = None
    url: Url | None = None
    deadline_s: Deadline = 5.0


class KioskConfig(_Section, frozen=True):
    """The whole file."""

    page: PageSection
    token: TokenSection
    policy: PolicySection = PolicySection()
    camera: CameraSection = CameraSection()
    outputs: OutputsSection = OutputsSection()
    challenges: ChallengesSection | None = None
    fallback: FallbackSection | None = None


def read_config(path: Path) -> KioskConfig:
    """The settings in a file; paths in it are relative to the file's folder.

    Raises:
        KioskConfigError: it cannot be read, or a setting cannot be used.
    """
    content = None
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONFIG_BYTES + 1)
    except (OSError, ValueError):
        pass
    if content is None or len(content) > MAX_CONFIG_BYTES:
        raise KioskConfigError("the settings file cannot be read, or is too large")
    return parse_config(content)


def parse_config(content: bytes) -> KioskConfig:
    """The settings in a TOML document.

    Raises:
        KioskConfigError: it is none, or a setting cannot be used.
    """
    fault = ""
    try:
        config = msgspec.toml.decode(content, type=KioskConfig)
        config.policy.as_policy()
    except AgecheckError as error:
        fault = f"[policy] {error}"
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        fault = str(error).replace("`$.", "`")  # msgspec names the place, and quotes no value
    except UnicodeDecodeError:
        fault = "not UTF-8"
    if fault:
        raise KioskConfigError(f"settings: {fault}")
    require_consistent(config)
    return config


def config_schema() -> dict[str, object]:
    """The schema of the file as JSON Schema."""
    schema: dict[str, Any] = msgspec.json.schema(KioskConfig)
    for section in schema["$defs"].values():  # Python 3.13 takes a docstring's indentation away
        section["description"] = inspect.cleandoc(section["description"])
    return schema
