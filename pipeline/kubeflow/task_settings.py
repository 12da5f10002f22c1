"""Gives a task of the package what the configuration grants its node: resources, place, retries, secrets, volumes."""

from kfp import kubernetes
from kfp.dsl import PipelineTask

from pipeline.config.kubeflow import Gpu, Kubeflow, NodeNeeds, Retries


def configure(task: PipelineTask, settings: Kubeflow, needs: NodeNeeds, *, retried: bool = True) -> None:
    """Set everything about a task that is no part of its command.

    Args:
        task: of a container component.
        settings: what all tasks share.
        needs: what its node is given.
        retried: whether a failure of the task may be passing.
    """
    task.set_caching_options(False)  # TFX caches by ML Metadata, and KFP knows neither data nor code
    _set_resources(task, needs)
    _set_place(task, needs)
    _set_environment(task, settings, needs)
    if retried and needs.retries.count:
        _set_retries(task, needs.retries)
    if needs.timeout_seconds is not None:
        kubernetes.set_timeout(task, needs.timeout_seconds)
    kubernetes.set_image_pull_policy(task, settings.pull_policy)
    if settings.pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(settings.pull_secrets))
    kubernetes.set_security_context(task, run_as_user=settings.run_as_user, run_as_non_root=True)


def _set_resources(task: PipelineTask, needs: NodeNeeds) -> None:
    for value, setter in (
        (needs.cpu.request, task.set_cpu_request),
        (needs.cpu.limit, task.set_cpu_limit),
        (needs.memory.request, task.set_memory_request),
        (needs.memory.limit, task.set_memory_limit),
    ):
        if value is not None:
            setter(value)
    if needs.gpu is not None:
        _set_gpu(task, needs.gpu)


def _set_gpu(task: PipelineTask, gpu: Gpu) -> None:
    task.set_accelerator_type(gpu.type)
    task.set_accelerator_limit(gpu.count)


def _set_place(task: PipelineTask, needs: NodeNeeds) -> None:
    for label, value in sorted(needs.node_selector.items()):
        kubernetes.add_node_selector(task, label, value)
    for item in needs.tolerations:
        kubernetes.add_toleration(task, item.key, item.operator, item.value, item.effect, item.seconds)


def _set_environment(task: PipelineTask, settings: Kubeflow, needs: NodeNeeds) -> None:
    for name, value in sorted(needs.env.items()):
        task.set_env_variable(name, value)
    for secret in settings.secrets:
        kubernetes.use_secret_as_env(task, secret.name, {secret.key: secret.env}, optional=secret.optional)
    for volume in settings.volumes:
        kubernetes.mount_pvc(task, volume.claim, volume.path, volume.sub_path)


def _set_retries(task: PipelineTask, retries: Retries) -> None:
    task.set_retry(
        retries.count,
        backoff_duration=f"{retries.backoff_seconds}s",
        backoff_factor=retries.factor,
        backoff_max_duration=f"{retries.longest_seconds}s",
    )
