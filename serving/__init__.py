"""The embedded model server: TF Serving's API for laptops, tests, infra validation and small sites."""
