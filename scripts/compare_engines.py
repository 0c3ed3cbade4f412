"""compare_engines: where the comparison of both engines is."""

import logging

from swath.jobs import job

with job(snakemake) as task:
    logging.getLogger("swath").info("both engines: %s", task.input.page)
