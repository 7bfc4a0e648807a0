"""What `python benchmarks/speed.py` measures."""
