"""A page on this machine before which a live session takes place: what kiosk and agent share.

Pixels come from the page over its WebSocket and go to the sealed worker as they are. Needs the
extra `kiosk` or `web`, but for `frames`, `guard` and `screen`.
"""
