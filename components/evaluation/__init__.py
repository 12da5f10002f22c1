"""What the stock Evaluator is asked: metrics, slices and thresholds."""
