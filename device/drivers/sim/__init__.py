"""A board without hardware: keys that bounce, a display that remembers, clocks that can be set."""
