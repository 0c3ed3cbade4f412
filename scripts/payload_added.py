"""payload_added: one patch in the added bands, with the sources as its fit found them."""

from swath.config.fit import Fit
from swath.jobs import job
from swath.patches.payload import build_payload

with job(snakemake) as task:
    build_payload(
        task.wildcards.patch,
        task.input.hub,
        task.input.sources,
        task.input.epsf,
        task.output.payload,
        Fit(**task.params.settings),
        task.input.around,
        task.input.fit,
    )
