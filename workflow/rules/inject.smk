"""Known sources in the user's own images: derived tiles with added light, reduced like the user's, and what they show."""


localrules:
    inject,


rule inject_sources:
    input:
        sources=SETUP.products("sources/sources.parquet"),
        frames=SETUP.own_bands("frames/{band}.fits"),
        epsfs=SETUP.each_cell("epsf/{cell}.fits"),
    output:
        truth=f"{OUT}/injected/truth.csv",
        catalog=f"{OUT}/injected/catalog.csv",
        record=f"{OUT}/records/inject_sources/inject_sources.json",
    log:
        f"{OUT}/logs/inject_sources.log",
    benchmark:
        f"{OUT}/benchmarks/inject_sources.tsv"
    wildcard_constraints:
        tile=SETUP.injected_tiles,
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=SETUP.settings_without("inject", *SETUP.judging),
        number=SETUP.realisation,
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        cells=lambda wildcards: SETUP.plan(wildcards).cells,
        code=SETUP.code("inject_sources"),
    message:
        "inject_sources: draw what {wildcards.tile} adds"
    script:
        "../../scripts/inject_sources.py"


rule inject_image:
    input:
        unpack(SETUP.own_image_files),
        frame=SETUP.own_frame,
        truth=rules.inject_sources.output.truth,
        epsfs=SETUP.each_cell("epsf/{cell}.fits"),
    output:
        image=f"{OUT}/injected/{{band}}.fits",
        record=f"{OUT}/records/inject_image/{{band}}.json",
    log:
        f"{OUT}/logs/inject_image/{{band}}.log",
    benchmark:
        f"{OUT}/benchmarks/inject_image/{{band}}.tsv"
    wildcard_constraints:
        tile=SETUP.injected_tiles,
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=SETUP.memory(60),
    params:
        image=SETUP.own_image,
        cells=lambda wildcards: SETUP.plan(wildcards).cells,
        keywords=SETUP.settings("inputs.keywords"),
        weight_kind=SETUP.settings("inputs.weight_kind"),
        zp_ref=SETUP.settings("load.zp_ref"),
        seed=SETUP.settings("inject.seed"),
        interpolate=SETUP.settings("psf.interpolate"),
        code=SETUP.code("inject_image"),
    message:
        "inject_image {wildcards.band}: add light to the image"
    script:
        "../../scripts/inject_image.py"


rule inject_summary:
    input:
        truths=SETUP.each_realisation("injected/truth.csv"),
        catalogs=SETUP.each_realisation("merge/catalog.parquet"),
        whites=SETUP.each_realisation("white/white.fits"),
        noise=SETUP.each_fitted_band("noise/{band}.json"),
    output:
        sources=f"{OUT}/inject/sources.csv",
        summary=f"{OUT}/inject/summary.csv",
        verdict=f"{OUT}/inject/verdict.json",
        record=f"{OUT}/records/inject_summary/inject_summary.json",
    log:
        f"{OUT}/logs/inject_summary.log",
    benchmark:
        f"{OUT}/benchmarks/inject_summary.tsv"
    wildcard_constraints:
        tile=SETUP.own_tile,
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=SETUP.memory(60),
    params:
        bands=lambda wildcards: list(SETUP.plan(wildcards).fitted),
        crop=lambda wildcards: SETUP.plan(wildcards).crop,
        added=lambda wildcards: list(SETUP.plan(wildcards).added),
        settings=SETUP.settings("inject"),
        detection=SETUP.settings("sources.detection"),
        code=SETUP.code("inject_summary"),
    message:
        "inject_summary: what became of the added sources"
    script:
        "../../scripts/inject_summary.py"


rule fig_inject:
    input:
        sources=rules.inject_summary.output.sources,
        summary=rules.inject_summary.output.summary,
        verdict=rules.inject_summary.output.verdict,
        noise=SETUP.each_fitted_band("noise/{band}.json"),
    output:
        figure=report(
            f"{OUT}/inject/inject.png",
            caption="../report/inject.rst",
            category="7 Known sources",
            subcategory="{tile}",
            labels={"figure": "completeness, bias, pulls, noise"},
        ),
        record=f"{OUT}/records/fig_inject/inject.json",
    log:
        f"{OUT}/logs/fig_inject.log",
    benchmark:
        f"{OUT}/benchmarks/fig_inject.tsv"
    wildcard_constraints:
        tile=SETUP.own_tile,
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        bands=lambda wildcards: list(SETUP.plan(wildcards).fitted),
        settings=SETUP.settings("inject"),
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("fig_inject"),
    message:
        "figure: known sources in the field, and the noise of empty sky"
    script:
        "../../scripts/fig_inject.py"


rule inject:
    input:
        verdict=f"{OUT}/inject/verdict.json".format(tile=SETUP.config.tile),
        summary=f"{OUT}/inject/summary.csv".format(tile=SETUP.config.tile),
        figure=f"{OUT}/inject/inject.png".format(tile=SETUP.config.tile),
    log:
        f"{OUT}/logs/inject.log".format(tile=SETUP.config.tile),
    conda:
        "../../envs/catalog.yaml"
    params:
        code=SETUP.code("inject"),
    message:
        "inject: do fluxes and errors hold in this field?"
    script:
        "../../scripts/inject.py"
