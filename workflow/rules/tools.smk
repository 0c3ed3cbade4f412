"""Whole-run targets that are asked for by name."""


localrules:
    show_config,


rule show_config:
    message:
        "show_config: the effective configuration"
    params:
        text=SETUP.describe(),
    log:
        f"{SETUP.config.results}/logs/show_config.log",
    conda:
        "../../envs/catalog.yaml"
    script:
        "../../scripts/show_config.py"
