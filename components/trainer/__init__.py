"""Trainer: trains and exports the model, once DataGate has accepted the data."""
