"""What a kiosk's settings have to keep to beyond the form of each section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agecheck.challenge import require_audience
from agecheck.errors import ChallengeError
from agecheck.kiosk.addresses import is_loopback, require_safe_url
from agecheck.kiosk.errors import KioskConfigError

if TYPE_CHECKING:
    from agecheck.kiosk.config import KioskConfig, MqttSection


def require_consistent(config: KioskConfig) -> None:
    """Refuse sections that are right by themselves and do not go together.

    Raises:
        KioskConfigError: a setting is missing, stands twice, or contradicts another.
    """
    outputs, fallback, challenges = config.outputs, config.fallback, config.challenges
    if not any((outputs.stdout, outputs.webhook, outputs.mqtt, outputs.gpio)):
        raise KioskConfigError("settings: [outputs] has no table; a token would go nowhere")
    if len(set(config.page.languages)) != len(config.page.languages):
        raise KioskConfigError("settings: a language stands twice in `page.languages`")
    for audience in (config.token.audience, *(challenges.audiences if challenges else ())):
        _require_audience(audience)
    if outputs.webhook is not None:
        require_safe_url(outputs.webhook.url, "outputs.webhook.url")
    if fallback is not None:
        if (fallback.command is None) == (fallback.url is None):
            raise KioskConfigError("settings: [fallback] has either `command` or `url`")
        if fallback.url is not None:
            require_safe_url(fallback.url, "fallback.url")
    mqtt = outputs.mqtt
    if mqtt is not None and not is_loopback(mqtt.host) and None in _credentials(mqtt):
        raise KioskConfigError(
            "settings: `outputs.mqtt` needs `username` and `password_file`, unless its host is "
            "this machine"
        )
    by_mqtt = challenges is not None and "mqtt" in challenges.listen
    if by_mqtt and (mqtt is None or mqtt.challenge_topic is None):
        raise KioskConfigError(
            "settings: `challenges.listen` says mqtt; `outputs.mqtt.challenge_topic` is needed"
        )


def _credentials(mqtt: MqttSection) -> tuple[str | None, str | None]:
    return mqtt.username, mqtt.password_file


def _require_audience(audience: str) -> None:
    fault = False
    try:
        require_audience(audience)
    except ChallengeError:
        fault = True  # its form is right but for what JSON Schema's patterns cannot say
    if fault:
        raise KioskConfigError("settings: an audience has the wrong form")
