"""The model zoo, the one preprocessing for training and serving, training and export."""
