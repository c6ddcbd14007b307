"""What can be wrong with an agent itself."""

from __future__ import annotations

from agecheck.errors import AgecheckError


class AgentError(AgecheckError, ValueError):
    """A setting, or what the agent remembers, cannot be used."""
