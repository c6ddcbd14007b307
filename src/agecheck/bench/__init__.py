"""Accuracy of the gate on labelled faces: tables, a report, comparisons. Needs the extra `bench`.

Everything here reaches ages through an internal seam and runs unsealed. What it keeps and writes is
aggregates: no age of a picture leaves a worker's memory.
"""
