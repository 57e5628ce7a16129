"""Speed, measured beside the stock tools and the floors of the same run; never a test that fails.

A module is one thing that is measured; each gives figures by name, and `results` writes them down.
"""
