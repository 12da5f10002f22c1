"""What a DataBlessing is the word on: the names of its properties that hold the ids of artifacts."""

ACCOUNT_ID = "account_id"
STATISTICS_ID = "statistics_id"
