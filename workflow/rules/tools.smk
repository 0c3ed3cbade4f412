"""What frames a run, and whole-run targets that are asked for by name."""

from swath.progress.watch import Watch

WATCH = Watch(SETUP.config.log.heartbeat_s)


onstart:
    SETUP.keep_to_stages({job.rule.name for job in workflow.dag.needrun_jobs()})
    SETUP.write_snapshots()
    SETUP.note_inputs()
    WATCH.start(workflow)


onsuccess:
    WATCH.stop()
    SETUP.write_states()
    SETUP.tell({job.rule.name for job in workflow.dag.jobs})


onerror:
    WATCH.stop()
    SETUP.write_states()


localrules:
    show_config,


rule show_config:
    log:
        f"{SETUP.config.results}/logs/show_config.log",
    conda:
        "../../envs/catalog.yaml"
    params:
        text=SETUP.describe(),
    message:
        "show_config: the effective configuration"
    script:
        "../../scripts/show_config.py"
