"""The nodes of the graph by name, in the order of launch; known without loading TFX."""

INGEST, DATA_GATE, TRAINER = "ImageExampleGen", "DataGate", "Trainer"
CLINICAL_GATE, INFRA_VALIDATOR, PUSHER, REPORT = "ClinicalGate", "InfraValidator", "Pusher", "RunReport"

NODES = (
    INGEST,
    "EarlierData",
    "ImportBounds",
    "ImportSchemaGen",
    "StatisticsGen",
    "ExampleValidator",
    DATA_GATE,
    "Transform",
    TRAINER,
    "Baseline",
    "Evaluator",
    "Predictions",
    CLINICAL_GATE,
    INFRA_VALIDATOR,
    PUSHER,
    REPORT,
)
GATES = {DATA_GATE: "blessing", CLINICAL_GATE: "blessing", INFRA_VALIDATOR: "blessing"}  # node -> output that holds its word
