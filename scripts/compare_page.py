"""compare_page: time, chi2, fluxes and positions of both engines."""

from swath.compare.write import write_page
from swath.jobs import job

with job(snakemake) as task:
    write_page(
        task.wildcards.tile,
        task.params.bands,
        task.input.comparisons,
        task.input.costs,
        task.params.zp_ref,
        task.params.patches,
        task.params.dpi,
        *(task.output[name] for name in ("table", "figure", "page")),
    )
