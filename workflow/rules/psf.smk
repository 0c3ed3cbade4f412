"""PSF stars (per band) and the empirical PSF (per cell)."""


rule stars:
    input:
        frame=rules.load.output.frame,
        white=rules.white.output.white,
        sources=rules.sources.output.sources,
        gaia=SETUP.reference,
    output:
        stars=f"{OUT}/stars/{{band}}.fits",
        record=f"{OUT}/records/stars/{{band}}.json",
    log:
        f"{OUT}/logs/stars/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/stars/{{band}}.tsv"
    conda:
        "../../envs/psf.yaml"
    resources:
        mem_mb=SETUP.memory(50),
    params:
        cells=lambda wildcards: SETUP.plan(wildcards).all_cells,
        settings=SETUP.settings("stars"),
        least=SETUP.settings("psf.pool_min_stars"),
        stamps=SETUP.stamps(SETUP.reference),
        code=SETUP.code("stars"),
    message:
        "stars {wildcards.band}: find, select, hold some out"
    script:
        "../../scripts/stars.py"


rule epsf:
    input:
        frames=SETUP.each_fitted_band("frames/{band}.fits"),
        stars=SETUP.each_fitted_band("stars/{band}.fits"),
        supplied=SETUP.psf_files,
    output:
        epsf=f"{OUT}/epsf/{{cell}}.fits",
        meta=f"{OUT}/epsf/{{cell}}.json",
        record=f"{OUT}/records/epsf/{{cell}}.json",
    log:
        f"{OUT}/logs/epsf/{{cell}}.log",
    benchmark:
        f"{OUT}/benchmarks/epsf/{{cell}}.tsv"
    conda:
        "../../envs/psf.yaml"
    resources:
        mem_mb=SETUP.memory(30),
    params:
        images=lambda wildcards: SETUP.plan(wildcards).fitted,
        cells=lambda wildcards: SETUP.plan(wildcards).all_cells,
        settings=SETUP.settings_without(
            "psf", "ngrid", "skip_empty_cells", "interpolate"
        ),
        stamps=SETUP.stamps(SETUP.psf_files),
        code=SETUP.code("epsf"),
    message:
        "epsf {wildcards.cell}: the PSF of every band"
    script:
        "../../scripts/epsf.py"
