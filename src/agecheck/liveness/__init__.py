"""Liveness by physics. One module a cue, each with what it stops and does not.

`reading` feeds them, `watch` combines them; `one_face` is the watch that looks for no life.
"""
