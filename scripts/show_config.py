"""show_config: print the effective configuration, its hash and what differs from the defaults."""

from swath.jobs import job

with job(snakemake) as task:
    print(task.params.text)
