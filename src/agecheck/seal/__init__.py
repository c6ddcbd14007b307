"""The sealed worker: the process that sees a picture can emit one code and nothing else.

    calling process ── encoded bytes ──> worker        (a sealed memfd, mapped read-only)
                    <── one byte ───────

The caller's process starts a fork server, a fresh Python that has none of the caller's memory. It
gives up network, execution and writing before it loads any library (`first_stage`), loads the
networks once, and forks workers ahead. Each worker raises the full set of walls (`walls`) before it
is handed a picture. Linux only.
"""
