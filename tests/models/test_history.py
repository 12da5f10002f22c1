from models import records
from models.fitting import Epoch
from models.history import EVENTS_FOLDER, EventWriter

EPOCH = Epoch(epoch=1, steps=10, loss=0.5, accuracy=0.8, val_loss=0.6, val_accuracy=0.7, seconds=1.0)


def test_a_continued_training_begins_its_events_anew(tmp_path):
    for _ in range(2):
        with EventWriter(tmp_path) as events:
            events.write(EPOCH)
    for split in ("train", "val"):
        # The file's version comes before the two curves.
        assert len(records.index(tmp_path / EVENTS_FOLDER / split)) == 3
