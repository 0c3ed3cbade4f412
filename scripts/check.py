"""check: keep in the log what was found of the inputs; the main process prints it last."""

import logging

from swath.jobs import job

with job(snakemake) as task:
    logging.getLogger("swath").info("what was found of the inputs:\n%s", task.params.table)
