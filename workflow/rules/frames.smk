"""From images to frames: load (per band) and the white stack."""


rule load:
    input:
        unpack(SETUP.image_files),
    output:
        frame=f"{OUT}/frames/{{band}}.fits",
        facts=f"{OUT}/frames/{{band}}.json",
        record=f"{OUT}/records/load/{{band}}.json",
    log:
        f"{OUT}/logs/load/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/load/{{band}}.tsv"
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=SETUP.memory(30),
    params:
        image=SETUP.image,
        stamps=SETUP.stamps(SETUP.image_files),
        keywords=SETUP.settings("inputs.keywords"),
        weight_kind=SETUP.settings("inputs.weight_kind"),
        settings=SETUP.settings("load"),
        code=SETUP.code("load"),
    message:
        "load {wildcards.band}: scale, mask, noise and sky"
    script:
        "../../scripts/load.py"


rule white:
    input:
        frames=SETUP.each_fitted_band("frames/{band}.fits"),
    output:
        white=f"{OUT}/white/white.fits",
        record=f"{OUT}/records/white/white.json",
    log:
        f"{OUT}/logs/white.log",
    benchmark:
        f"{OUT}/benchmarks/white.tsv"
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=SETUP.memory(20),
    params:
        crop=lambda wildcards: SETUP.plan(wildcards).crop,
        code=SETUP.code("white"),
    message:
        "white: stack all bands"
    script:
        "../../scripts/white.py"
