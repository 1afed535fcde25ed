"""Measure the networks that come with Echoic as open-set recognisers: `python -m benchmarks.open_set`.

Each module measures one table: `clips`, `listening`, `taught`.
"""
