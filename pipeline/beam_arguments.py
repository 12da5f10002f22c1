"""How every Beam pipeline of ours runs on this machine."""

BEAM_ARGUMENTS = [
    "--runner=FnApiRunner",  # Beam >= 2.68 would prefer Prism, and download it
    # The in-process runner starts no container. Where no image is named TFX packs itself into an archive for the workers:
    # a second of every Beam node, and a folder that nobody removes.
    "--sdk_container_image=none",
    "--no_pipeline_type_check",  # half a second of every Beam node; the transforms are TFX's and ours, and tested
]
