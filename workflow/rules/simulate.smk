"""The field of known truth: a tile of its own that is drawn, rendered, reduced like any other, and judged."""


localrules:
    test_field,


rule truth:
    output:
        truth=f"{OUT}/simulated/truth.csv",
        catalog=f"{OUT}/simulated/catalog.csv",
        gaia=f"{OUT}/simulated/gaia.csv",
        record=f"{OUT}/records/truth/truth.json",
    log:
        f"{OUT}/logs/truth.log",
    benchmark:
        f"{OUT}/benchmarks/truth.tsv"
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
    params:
        settings=SETUP.settings("simulate"),
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        gaia=SETUP.settings_without("gaia", "fetch"),
        zp_ref=SETUP.settings("load.zp_ref"),
        norm_radius_pix=SETUP.settings("psf.norm_radius_pix"),
        code=SETUP.code("truth"),
    message:
        "truth: draw the sources of the simulated field"
    script:
        "../../scripts/truth.py"


rule simulate:
    output:
        image=f"{OUT}/simulated/{{band}}.fits",
        mask=f"{OUT}/simulated/masks/{{band}}.fits",
        psf=f"{OUT}/simulated/psf/{{band}}.fits",
        record=f"{OUT}/records/simulate/{{band}}.json",
    log:
        f"{OUT}/logs/simulate/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulate/{{band}}.tsv"
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=SETUP.memory(60),
    params:
        settings=SETUP.settings("simulate"),
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        sky_model=SETUP.settings("load.sky.model"),
        code=SETUP.code("simulate"),
    message:
        "simulate {wildcards.band}: render the field"
    script:
        "../../scripts/simulate.py"


rule verdict:
    input:
        truth=rules.truth.output.truth,
        catalog=rules.zeropoint.output.parquet,
        zeropoint=rules.zeropoint.output.summary,
        zeropoint_stars=rules.zeropoint.output.stars,
        white=rules.white.output.white,
        frames=SETUP.each_band("frames/{band}.json"),
        psfs=SETUP.each_band("simulated/psf/{band}.fits"),
        epsfs=SETUP.each_cell("epsf/{cell}.fits"),
    output:
        json=f"{OUT}/truth/verdict.json",
        csv=f"{OUT}/truth/verdict.csv",
        sources=f"{OUT}/truth/sources.csv",
        record=f"{OUT}/records/verdict/verdict.json",
    log:
        f"{OUT}/logs/verdict.log",
    benchmark:
        f"{OUT}/benchmarks/verdict.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=SETUP.memory(60),
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        cells=lambda wildcards: SETUP.plan(wildcards).cells,
        crop=lambda wildcards: SETUP.plan(wildcards).crop,
        multi_band=SETUP.settings("fit.multi_band"),
        zp_ref=SETUP.settings("load.zp_ref"),
        detection=SETUP.settings("sources.detection"),
        code=SETUP.code("verdict"),
    message:
        "verdict: the catalogue against the truth"
    script:
        "../../scripts/verdict.py"


rule fig_truth:
    input:
        verdict=rules.verdict.output.json,
        sources=rules.verdict.output.sources,
    output:
        figure=f"{OUT}/truth/truth.png",
        record=f"{OUT}/records/fig_truth/truth.json",
    log:
        f"{OUT}/logs/fig_truth.log",
    benchmark:
        f"{OUT}/benchmarks/fig_truth.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("fig_truth"),
    message:
        "figure: the catalogue against the truth"
    script:
        "../../scripts/fig_truth.py"


rule test_field:
    input:
        verdict=f"{OUT}/truth/verdict.json".format(tile="test_field"),
        figure=f"{OUT}/truth/truth.png".format(tile="test_field"),
    log:
        f"{OUT}/logs/test_field.log".format(tile="test_field"),
    conda:
        "../../envs/catalog.yaml"
    params:
        code=SETUP.code("test_field"),
    message:
        "test_field: is every bound kept?"
    script:
        "../../scripts/test_field.py"
