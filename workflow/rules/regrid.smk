"""From downloaded images of an archive to one image per band on the declared grid."""


rule regrid:
    input:
        downloads=SETUP.each_batch("download/{batch}.parquet"),
        grid=SETUP.optional("grid.like"),
    output:
        image=f"{OUT}/regrid/{{band}}.fits",
        facts=f"{OUT}/regrid/{{band}}.json",
        listing=f"{OUT}/regrid/{{band}}.csv",
        record=f"{OUT}/records/regrid/{{band}}.json",
    log:
        f"{OUT}/logs/regrid/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/regrid/{{band}}.tsv"
    conda:
        "../../envs/regrid.yaml"
    resources:
        mem_mb=SETUP.memory(300),
    params:
        archive=SETUP.settings("inputs.archive"),
        grid=SETUP.settings("grid"),
        stamps=SETUP.stamps(SETUP.optional("grid.like")),
        load=SETUP.settings("load.sky", "load.saturation_fraction"),
        keywords=SETUP.settings("inputs.keywords"),
        noise=SETUP.settings_without("noise", "correct_errors"),
        folder=lambda wildcards: OUT.format(tile=wildcards.tile),
        code=SETUP.code("regrid"),
    message:
        "regrid {wildcards.band}: images of the archive on the grid"
    script:
        "../../scripts/regrid.py"
