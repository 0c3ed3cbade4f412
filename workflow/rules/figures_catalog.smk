"""Figures of patches, sources, catalogue and zero points; the same holds for them."""


ruleorder: fig_patch_in_report > fig_patch


rule fig_patch:
    input:
        payload=rules.payload.output.payload,
        fit=rules.fit.output.fit,
    output:
        **SETUP.figure_outputs("patch"),
        record=f"{OUT}/records/fig_patch/{{patch}}.json",
    log:
        f"{OUT}/logs/fig_patch/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/fig_patch/{{patch}}.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        fit=SETUP.settings("fit"),
        montage=SETUP.settings("figures.montage"),
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("fig_patch"),
    message:
        "figures of patch {wildcards.patch}: data, model, residual"
    script:
        "../../scripts/fig_patch.py"


use rule fig_patch as fig_patch_in_report with:
    output:
        **marked(report, SETUP.figure_outputs("patch"), "patch", "4 Patches", "patch"),
        record=f"{OUT}/records/fig_patch/{{patch}}.json",
    wildcard_constraints:
        patch=shown(
            SETUP.plans[SETUP.config.tile].patch_tags,
            SETUP.config.figures.report.patches,
        ),


rule fig_sources:
    input:
        catalog=rules.merge.output.parquet,
        payloads=SETUP.each_patch("records/payload/{patch}.json"),
        fits=SETUP.each_patch("records/fit/{patch}.json"),
    output:
        **marked(report, SETUP.figure_outputs("sources"), "sources", "5 Sources"),
        record=f"{OUT}/records/fig_sources/sources.json",
    log:
        f"{OUT}/logs/fig_sources.log",
    benchmark:
        f"{OUT}/benchmarks/fig_sources.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        bands=lambda wildcards: list(SETUP.plan(wildcards).fitted),
        fit=SETUP.settings("fit"),
        montage=SETUP.settings("figures.montage"),
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("fig_sources"),
    message:
        "figures: montages of chosen sources of the whole tile"
    script:
        "../../scripts/fig_sources.py"


rule fig_catalog:
    input:
        catalog=rules.zeropoint.output.parquet,
    output:
        **marked(report, SETUP.figure_outputs("catalog"), "catalog", "5 Sources"),
        record=f"{OUT}/records/fig_catalog/catalog.json",
    log:
        f"{OUT}/logs/fig_catalog.log",
    benchmark:
        f"{OUT}/benchmarks/fig_catalog.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1500,
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        settings=SETUP.settings(
            "figures.dpi",
            "load.zp_ref",
            "merge.depth_sigma",
        ),
        code=SETUP.code("fig_catalog"),
    message:
        "figures of the catalogue: colours, magnitudes, residuals"
    script:
        "../../scripts/fig_catalog.py"


rule fig_zeropoint:
    input:
        stars=rules.zeropoint.output.stars,
        facts=rules.zeropoint.output.facts,
    output:
        **marked(
            report, SETUP.figure_outputs("zeropoint"), "zeropoint", "6 Zero points"
        ),
        record=f"{OUT}/records/fig_zeropoint/zeropoint.json",
    log:
        f"{OUT}/logs/fig_zeropoint.log",
    benchmark:
        f"{OUT}/benchmarks/fig_zeropoint.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
    params:
        settings=SETUP.settings("figures.dpi", "zeropoint.trend_sigma"),
        code=SETUP.code("fig_zeropoint"),
    message:
        "figures of the zero points"
    script:
        "../../scripts/fig_zeropoint.py"
