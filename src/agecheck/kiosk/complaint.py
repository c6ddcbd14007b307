"""What a kiosk's processes say to whoever started them: a fault, never anything of a face."""

from __future__ import annotations

import sys

from agecheck.errors import AgecheckError


def complain(of: AgecheckError | BaseException, where: str = "") -> None:
    """Write one line to the standard error.

    Args:
        of: an agecheck error's own words are shown, for they hold nothing of a face; of any other
            error only its name.
        where: the part of the kiosk.
    """
    what = str(of) if isinstance(of, AgecheckError) else f"internal error ({type(of).__name__})"
    sys.stderr.write(f"agecheck kiosk: {where}{': ' if where else ''}{what}\n")
