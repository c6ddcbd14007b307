"""What goes wrong in a kiosk on purpose."""

from __future__ import annotations

from agecheck.errors import AgecheckError

BAD_SETTINGS, BROKEN = 2, 3
"""Exit codes of the kiosk's processes: something to mend in the settings, or anything else."""


class KioskConfigError(AgecheckError, ValueError):
    """The settings cannot be used; the message names the setting, never its value."""


class DeliveryError(AgecheckError):
    """A token did not arrive where it was to go."""
