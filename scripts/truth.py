"""truth: the sources of the simulated field, its catalogue with errors, its reference stars."""

from swath.config.simulate import Simulate
from swath.config.sources import Gaia
from swath.jobs import job
from swath.simulate.field import write_truth

with job(snakemake) as task:
    write_truth(
        Simulate(**task.params.settings),
        Gaia(**task.params.gaia),
        task.params.bands,
        task.params.zp_ref,
        task.params.norm_radius_pix,
        task.output.truth,
        task.output.catalog,
        task.output.gaia,
    )
