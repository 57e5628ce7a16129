"""Speed, measured beside the stock tools in one run; never a test that can fail."""
