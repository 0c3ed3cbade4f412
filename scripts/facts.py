"""facts: the page of run facts."""

from swath.facts.write import write_facts
from swath.jobs import job

with job(snakemake) as task:
    write_facts(
        task.wildcards.tile,
        task.params.bands,
        task.input.catalog,
        task.input.attrition,
        task.input.frames,
        task.input.noise,
        task.params.correct_errors,
        [*task.input.epsfs, *task.input.added_epsfs],
        task.input.zeropoint,
        task.params.settings,
        task.params.folder,
        task.output.page,
    )
