"""The card of a calibration: what it rests on, what it offers, what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agecheck._version import __version__
from agecheck.bench import bands
from agecheck.bench.calibrate import LabelledFeatures, MadeCalibration, NDArrayBool, refusals
from agecheck.bench.page import text_of
from agecheck.bench.statistics import Figure, FloatArray, mean_years, share
from agecheck.bench.tally import MILLI, bootstrap_weights
from agecheck.policy import AgePolicy

_CAVEAT = """\
- The rates hold for people and pictures like those that were measured. Other cameras, light, ages
  or groups move them, and so do labels that are wrong.
- Each challenge age is read off the minors whose number stands beside it. Its interval says how far
  another such set would move it. Where few minors would allow a lower one than a younger limit or a
  larger rate does, that one is kept, and may lie above the interval.
- No rate is known at a single age or in a group: run `agecheck bench accuracy` on faces that this
  calibration has not seen.
"""


def card(made: MadeCalibration, faces: LabelledFeatures, left_out: dict[str, int]) -> str:
    """The card, as Markdown.

    Args:
        left_out: what was not used, in words, and how many of it.
    """
    return "\n".join(
        [
            f"# Calibration: {_one_line(str(made.measured_on['name']))}",
            "",
            *_identity(made),
            "## Measured on",
            "",
            *_data(made, faces, left_out),
            "## Error",
            "",
            *_errors(made, faces),
            "## Challenge ages",
            "",
            *_offered(made),
            "## Not offered",
            "",
            *_refused(made),
            "## Read it with care",
            "",
            _CAVEAT,
        ]
    )


def _identity(made: MadeCalibration) -> Iterator[str]:
    yield f"- digest (sha256): `{made.calibration.digest}`"
    yield f"- models: `{made.calibration.models_digest}`"
    yield f"- made by agecheck {__version__}"
    if made.is_fitted:
        yield "- fusion: fitted on these faces"
    else:
        yield "- fusion: kept from another calibration; the challenge ages are from these faces"
    yield ""
    yield "```python"
    yield 'checker = load_checker(AgePolicy(age_limit=18), calibration="calibration.json")'
    yield "```"
    yield ""


def _data(
    made: MadeCalibration, faces: LabelledFeatures, left_out: dict[str, int]
) -> Iterator[str]:
    pictures = len(faces.ages_years)
    people = len(set(faces.people))
    yield f"{pictures:,} pictures of {people:,} people, as far as the labels name them."
    yield "Refused faces and pictures without a face are in every share, as not OVER."
    yield ""
    yield "| | share of pictures |"
    yield "|---|---|"
    yield f"| with a face | {text_of(share(int(faces.has_face.sum()), pictures))} |"
    yield f"| fit to be decided on | {text_of(share(int(made.measured_on['fit']), pictures))} |"
    for reason, count in sorted(refusals(faces).items()):
        yield f"| refused: {reason} | {text_of(share(count, pictures))} |"
    yield ""
    for what, count in left_out.items():
        if count:
            yield f"Left out: {count:,} {what}."
            yield ""


def _errors(made: MadeCalibration, faces: LabelledFeatures) -> Iterator[str]:
    unseen = "by a fit that had not seen the person" if made.is_fitted else "of the kept fusion"
    yield f"In years, over faces with an estimate, {unseen}."
    yield ""
    yield "| ages | mean absolute error | bias |"
    yield "|---|---|---|"
    errors_years = made.estimates[:, 0] - faces.ages_years
    ages_years, has_estimate = faces.ages_years, np.isfinite(errors_years)
    for band in bands.BANDS:
        inside = has_estimate & (ages_years >= band.lowest_years)
        chosen = inside & (ages_years <= band.highest_years)
        mae = _mean(np.abs(errors_years), chosen, faces.people)
        bias = _mean(errors_years, chosen, faces.people)
        yield f"| {band.name} | {text_of(mae, 2)} | {text_of(bias, 2)} |"
    yield ""


def _mean(values_years: FloatArray, chosen: NDArrayBool, people: tuple[str, ...]) -> Figure:
    """A mean with its bootstrap interval by person, as the accuracy tables have it."""
    numerators = np.zeros(bootstrap_weights("").shape, dtype=np.int64)
    denominators = numerators.copy()
    for index in np.flatnonzero(chosen):
        weights = bootstrap_weights(people[index])
        denominators += weights
        numerators += weights * round(float(values_years[index]) * MILLI)
    return mean_years(numerators, denominators, MILLI)


def _offered(made: MadeCalibration) -> Iterator[str]:
    yield "The challenge age that lets at most this share of the people up to four years below the"
    yield "age limit pass."
    yield ""
    heads = ("age limit", "false-over rate", "challenge age", "95 % interval", "minors")
    yield f"| {' | '.join((*heads, 'adults of 25-40 passed'))} |"
    yield "|---|---|---|---|---|---|"
    for limit, rates in made.measured_on["challenge_ages"].items():
        for rate, measured in rates.items():
            years = made.calibration.challenge_ages_years[int(limit)][float(rate)]
            low, high = measured["challenge_age_interval"]
            yield (
                f"| {limit} | {float(rate):.3g} | {years:.1f} | {low:.1f} to {high:.1f} | "
                f"{measured['minors']:,} | {text_of(measured['adults_25_40_passed'])} |"
            )
    yield ""


def _refused(made: MadeCalibration) -> Iterator[str]:
    if not made.refused_rates:
        yield "Nothing: all rates are supported."
        yield ""
        return
    default = AgePolicy()
    if not _offers(made, default.age_limit, default.max_false_over_rate):
        yield (
            f"**The default policy (age limit {default.age_limit}, "
            f"{default.max_false_over_rate:.0%}) cannot be used with this calibration.**"
        )
        yield ""
    yield "| age limit | false-over rate | people below the limit | it takes |"
    yield "|---|---|---|---|"
    for rate in made.refused_rates:
        takes = "no challenge age keeps it" if rate.needed is None else f"{rate.needed:,}"
        yield f"| {rate.age_limit} | {rate.rate:.3g} | {rate.minors:,} | {takes} |"
    yield ""


def _offers(made: MadeCalibration, age_limit: int, rate: float) -> bool:
    return rate in made.calibration.challenge_ages_years.get(age_limit, {})


def _one_line(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
