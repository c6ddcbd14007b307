"""The one value in the package that holds an age. It never crosses the public surface."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AgeEstimate:
    """A calibrated age distribution, and the age that a decision is taken on.

    Attributes:
        mean_years, sd_years: mean and standard deviation of the distribution.
        cautious_years: lower than the mean for a face that is uncertain for its age; a person
            counts as over when this age reaches the challenge age.

    Internal to agecheck. It shows nothing when printed and refuses to be pickled or copied, so
    that it cannot reach a log, a cache or another process by accident.
    """

    mean_years: float
    sd_years: float
    cautious_years: float

    @property
    def is_finite(self) -> bool:
        """Whether all three are numbers to decide on: no NaN, no infinity."""
        return all(map(math.isfinite, (self.mean_years, self.sd_years, self.cautious_years)))

    def __repr__(self) -> str:
        return "<AgeEstimate>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an AgeEstimate is not pickled or copied")
