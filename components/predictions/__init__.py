"""What the models say about every image of val and test, computed once for gate and report."""
