"""What the embedded server costs, and what it stands: figures, load, fuzzing."""
