"""Push: a blessed model becomes the next version in the serving folder, whole or not at all."""
