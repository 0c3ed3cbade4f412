"""PSF stars (per band) and the empirical PSF (per cell)."""


rule stars:
    message:
        "stars {wildcards.band}: find, select, hold some out"
    input:
        frame=rules.load.output.frame,
        white=rules.white.output.white,
        sources=rules.sources.output.sources,
        gaia=SETUP.optional(SETUP.config.inputs.gaia),
    output:
        stars=f"{OUT}/stars/{{band}}.fits",
        record=f"{OUT}/records/stars/{{band}}.json",
    params:
        cells=lambda wildcards: SETUP.plan(wildcards).all_cells,
        settings=SETUP.settings("stars"),
        code=SETUP.code("stars"),
    log:
        f"{OUT}/logs/stars/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/stars/{{band}}.tsv"
    conda:
        "../../envs/psf.yaml"
    resources:
        mem_mb=3000,
    script:
        "../../scripts/stars.py"


rule epsf:
    message:
        "epsf {wildcards.cell}: the PSF of every band"
    input:
        frames=SETUP.each_band("frames/{band}.fits"),
        stars=SETUP.each_band("stars/{band}.fits"),
        supplied=SETUP.psf_files,
    output:
        epsf=f"{OUT}/epsf/{{cell}}.fits",
        meta=f"{OUT}/epsf/{{cell}}.json",
        record=f"{OUT}/records/epsf/{{cell}}.json",
    params:
        images=lambda wildcards: SETUP.plan(wildcards).images,
        cells=lambda wildcards: SETUP.plan(wildcards).all_cells,
        settings=SETUP.settings("psf"),
        code=SETUP.code("epsf"),
    log:
        f"{OUT}/logs/epsf/{{cell}}.log",
    benchmark:
        f"{OUT}/benchmarks/epsf/{{cell}}.tsv"
    conda:
        "../../envs/psf.yaml"
    resources:
        mem_mb=2000,
    script:
        "../../scripts/epsf.py"
