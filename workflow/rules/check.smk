"""Is the input usable? Told by a table, before anything is computed."""


localrules:
    check,


rule check:
    log:
        f"{SETUP.config.results}/logs/check.log",
    conda:
        "../../envs/catalog.yaml"
    params:
        table=SETUP.checked,
    message:
        "check: every input, before anything is computed"
    script:
        "../../scripts/check.py"
