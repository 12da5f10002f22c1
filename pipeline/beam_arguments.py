"""What Beam is told, so that it runs the data nodes as the configuration's section `beam` says."""

from pipeline.config.beam import Beam, Dataflow, Flink, MultiProcess, Portable, Spark

FN_API_RUNNER = "--runner=FnApiRunner"  # Beam >= 2.68 would prefer Prism, and download it
# Workers that need no image find medtfx where they are. Where none is named TFX packs itself into an archive for the workers:
# a second of every Beam node, and a folder that nobody removes.
NO_IMAGE = "--sdk_container_image=none"
NO_TYPE_CHECK = "--no_pipeline_type_check"  # half a second of every Beam node; the transforms are TFX's and ours, and tested
IN_PROCESS = [FN_API_RUNNER, NO_IMAGE, NO_TYPE_CHECK]
CACHED_MILLISECONDS = 60_000  # that a worker outlives a stage: its imports take seconds


def beam_arguments(beam: Beam) -> list[str]:
    """Return the arguments of every Beam pipeline of a run."""
    if isinstance(beam, MultiProcess):
        return [*IN_PROCESS, "--direct_running_mode=multi_processing", f"--direct_num_workers={beam.workers}"]
    if isinstance(beam, Flink):
        return [*_flink(beam), *_workers(beam), NO_TYPE_CHECK]
    if isinstance(beam, Spark):
        return [*_spark(beam), *_workers(beam), NO_TYPE_CHECK]
    if isinstance(beam, Dataflow):
        return [*_dataflow(beam), NO_TYPE_CHECK]
    return IN_PROCESS


def _flink(flink: Flink) -> list[str]:
    told = {"flink_master": flink.master, "flink_job_server_jar": flink.job_server_jar, "parallelism": str(flink.parallelism)}
    return ["--runner=FlinkRunner", *_flags(told)]


def _spark(spark: Spark) -> list[str]:
    return ["--runner=SparkRunner", *_flags({"spark_master_url": spark.master, "spark_job_server_jar": spark.job_server_jar})]


def _workers(cluster: Portable) -> list[str]:
    """Return where a job server is and in what its workers run."""
    told = {
        "job_endpoint": cluster.job_endpoint,
        "environment_type": cluster.environment.upper(),
        "environment_config": cluster.pool,
        "environment_cache_millis": str(CACHED_MILLISECONDS),
        "sdk_container_image": cluster.image or "none",
    }
    options = [f"--environment_options=process_command={cluster.command}"] if cluster.command else []
    return [*_flags(told), *options]


def _dataflow(dataflow: Dataflow) -> list[str]:
    told = {
        "project": dataflow.project,
        "region": dataflow.region,
        "temp_location": dataflow.temp_location,
        "sdk_container_image": dataflow.sdk_container_image,
        "service_account_email": dataflow.service_account,
        "subnetwork": dataflow.subnetwork,
        "machine_type": dataflow.machine_type,
        "max_num_workers": None if dataflow.most_workers is None else str(dataflow.most_workers),
    }
    private = [] if dataflow.public_addresses else ["--no_use_public_ips"]
    return ["--runner=DataflowRunner", *_flags(told), *private]


def _flags(told: dict[str, str | None]) -> list[str]:
    return [f"--{name}={value}" for name, value in told.items() if value is not None]
