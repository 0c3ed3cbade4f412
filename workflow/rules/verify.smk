"""Can the products be trusted: the manifest of all of them, its comparison with the files, and where each comes from."""


localrules:
    verify,
    provenance,


rule manifest:
    input:
        products=SETUP.own(rules.all.input, "manifest.json"),
    output:
        manifest=f"{OUT}/manifest.json",
    log:
        f"{OUT}/logs/manifest.log",
    benchmark:
        f"{OUT}/benchmarks/manifest.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=1000,
    params:
        parts=lambda wildcards: SETUP.parts(SETUP.plan(wildcards)),
        code=SETUP.code("manifest"),
    message:
        "manifest: checksums, code and parameters of every product"
    script:
        "../../scripts/manifest.py"


rule verify:
    log:
        f"{SETUP.config.results}/logs/verify.log",
    conda:
        "../../envs/catalog.yaml"
    params:
        tiles=SETUP.recorded_tiles(rules.all.input),
        options=SETUP.typed_options,
        cores=lambda wildcards: workflow.cores,
    message:
        "verify: compare every file with its record"
    script:
        "../../scripts/verify.py"


rule provenance:
    log:
        f"{SETUP.config.results}/logs/provenance.log",
    conda:
        "../../envs/catalog.yaml"
    params:
        tiles=SETUP.recorded_tiles(rules.all.input),
        about=SETUP.asked_about(config),
    message:
        "provenance: what went into a source or a file"
    script:
        "../../scripts/provenance.py"
