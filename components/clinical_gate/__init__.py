"""The last word on a model: TFMA's thresholds and rules that hold with confidence, patient by patient."""
