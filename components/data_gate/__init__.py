"""Whether the data may be used for training: complete, as the schema says, and without leaks between the splits."""
