"""What a kiosk judges by: settled once at its start, and what both its processes are held to.

Capture judges by nothing else, and a token names nothing else, whatever becomes of the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agecheck.errors import CalibrationError, PolicyError
from agecheck.kiosk.errors import KioskConfigError
from agecheck.policy import EffectivePolicy

if TYPE_CHECKING:
    from agecheck.kiosk.config import PolicySection


@dataclass(frozen=True, slots=True)
class Judging:
    """All of it is public, and goes into a token.

    Attributes:
        policy: with its challenge age settled.
        bundle_digest: sha256 in hex over the calibration, which names the models in turn.
    """

    policy: EffectivePolicy
    bundle_digest: str


def settle(section: PolicySection) -> Judging:
    """What the settings come to under their calibration.

    Args:
        section: `calibration` is absolute, or None for the shipped one.

    Raises:
        KioskConfigError: its own calibration cannot be used, or has no such age limit or rate.
        CalibrationError, ModelError: what is installed cannot be used.
    """
    from agecheck.bootstrap import calibration_in_use

    try:
        in_use = calibration_in_use(section.calibration)
        policy = section.as_policy().resolve(in_use.challenge_ages_years)
    except CalibrationError as error:
        raise blamed(section, error) from None
    except PolicyError as error:
        raise KioskConfigError(f"settings: [policy] {error}") from None
    return Judging(policy, in_use.digest)


def blamed(section: PolicySection, error: CalibrationError) -> CalibrationError | KioskConfigError:
    """A calibration's fault: one of the settings, where they name a file of their own."""
    if section.calibration is None:
        return error
    return KioskConfigError(f"settings: `policy.calibration`: {error}")
