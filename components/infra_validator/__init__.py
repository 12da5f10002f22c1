"""InfraValidator: does the export answer as TF Serving would run it? Without Docker."""
