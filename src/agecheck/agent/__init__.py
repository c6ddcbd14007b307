"""The device's side of the web gate: a loopback service that a site opens as a page.

docs/reference/agent.md describes it in words; `agecheck agent` starts it.
"""
