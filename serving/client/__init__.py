"""A light client of TF Serving's gRPC API: image files in, typed predictions out; imports neither TensorFlow nor TFX.

from serving.client import Client, Server

with Client(Server("localhost:8500"), "demo") as client:
    for outcome in client.predict(["scan.dcm", "folder/"]):
        print(outcome)
"""

from serving.client.client import Client, Model
from serving.client.errors import ClientError
from serving.client.outcome import Failure, Outcome, Prediction
from serving.client.pace import Pace
from serving.client.rendering_file import read_rendering
from serving.client.server import Server
from serving.client.source import Source

__all__ = ["Client", "ClientError", "Failure", "Model", "Outcome", "Pace", "Prediction", "Server", "Source", "read_rendering"]
