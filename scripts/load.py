"""load: one band's image, scaled, masked and without its sky."""

from swath.config.images import Load
from swath.config.inputs import Image, Keywords
from swath.frames.load import load_band
from swath.jobs import job

with job(snakemake) as task:
    load_band(
        Image(**task.params.image),
        task.output.frame,
        task.output.facts,
        Keywords(**task.params.keywords),
        Load(**task.params.settings),
        task.params.weight_kind,
    )
