"""The source list: catalogue or detections, exclusions, reference stars."""


rule sources:
    input:
        white=rules.white.output.white,
        frames=SETUP.each_fitted_band("frames/{band}.fits"),
        catalog=SETUP.optional("inputs.catalog"),
        gaia=SETUP.reference,
    output:
        sources=f"{OUT}/sources/sources.parquet",
        augmented=f"{OUT}/sources/input_catalog_with_Gaia.csv",
        record=f"{OUT}/records/sources/sources.json",
    log:
        f"{OUT}/logs/sources.log",
    benchmark:
        f"{OUT}/benchmarks/sources.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=SETUP.memory(30),
    params:
        bands=lambda wildcards: list(SETUP.plan(wildcards).fitted),
        settings=SETUP.settings("sources"),
        gaia=SETUP.settings_without("gaia", "fetch"),
        zp_ref=SETUP.settings("load.zp_ref"),
        stamps=SETUP.stamps(SETUP.optional("inputs.catalog", "inputs.gaia")),
        code=SETUP.code("sources"),
    message:
        "sources: read or detect, flag, match with the reference stars"
    script:
        "../../scripts/sources.py"
