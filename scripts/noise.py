"""noise: of empty sky, over what the declared noise makes of independent pixels."""

from swath.config.noise import Noise
from swath.jobs import job
from swath.noise.measure import measure_noise

with job(snakemake) as task:
    measure_noise(
        task.input.frame,
        task.input.white,
        task.input.sources,
        task.input.epsfs,
        Noise(**task.params.settings),
        task.output.noise,
    )
