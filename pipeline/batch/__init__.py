"""`medtfx batch`: what a pushed model says about a whole archive, on Beam and without a server. Read from command.py inwards."""
