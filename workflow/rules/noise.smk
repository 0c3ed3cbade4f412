"""The noise of empty sky as photometry sees it (per band)."""


rule noise:
    input:
        frame=rules.load.output.frame,
        white=rules.white.output.white,
        sources=rules.sources.output.sources,
        epsfs=SETUP.psfs_of_band,
    output:
        noise=f"{OUT}/noise/{{band}}.json",
        record=f"{OUT}/records/noise/{{band}}.json",
    log:
        f"{OUT}/logs/noise/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/noise/{{band}}.tsv"
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=SETUP.memory(60),
    params:
        settings=SETUP.settings_without("noise", "correct_errors"),
        code=SETUP.code("noise"),
    message:
        "noise {wildcards.band}: of empty sky, in apertures"
    script:
        "../../scripts/noise.py"
