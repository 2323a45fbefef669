"""Our side of the comparisons, each a child process of its own as the peers are."""
