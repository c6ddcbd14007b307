"""A kiosk: a person looks into the camera, a signed token comes out. Needs the extra `kiosk`.

Three processes do the work: capture (page, camera, the sealed worker's owner; no key), the sealed
worker (sees the face; one code comes out), and outputs (key and network; never a frame). A fourth
starts and watches them, and holds nothing. docs/reference/kiosk.md describes the settings.
"""
