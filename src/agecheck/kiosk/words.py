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
    VIRTUAL = "virtual-camera"
    """Its camera has one of the names that it was told to refuse. The name stays in the page."""
    BACK = "back"
    """Nobody is there any more."""
