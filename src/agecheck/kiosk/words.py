"""What the kiosk's page says over its WebSocket beside frames."""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """All that the page may say."""

    START = "start"
    AGREE = "agree"
    OTHER_WAY = "other-way"
    STOP = "stop"
    """The person wants no more, or there is no camera: another way, too."""
    LIGHTS = "lights"
    """It has begun to show the colours."""
    BACK = "back"
    """Nobody is there any more."""
