"""What frames a run, and whole-run targets that are asked for by name."""


onstart:
    SETUP.write_snapshots()


onsuccess:
    SETUP.tell()


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
