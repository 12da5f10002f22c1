"""RunReport: one page per run, also after a refusal."""
