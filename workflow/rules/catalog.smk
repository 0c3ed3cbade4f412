"""From patches to one calibrated catalogue."""


rule merge:
    input:
        sources=rules.sources.output.sources,
        hub=rules.patches.output.hub,
        frames=SETUP.each_band("frames/{band}.fits"),
        epsfs=SETUP.each_cell("epsf/{cell}.fits"),
        fits=SETUP.each_patch("fit/{patch}.fits"),
        added_epsfs=SETUP.where_added(SETUP.each_cell("epsf_added/{cell}.fits")),
        added=SETUP.where_added(SETUP.each_patch("fit_added/{patch}.fits")),
        noise=SETUP.noise_files,
    output:
        csv=f"{OUT}/merge/catalog.csv",
        fits=f"{OUT}/merge/catalog.fits",
        parquet=f"{OUT}/merge/catalog.parquet",
        attrition=f"{OUT}/merge/attrition.csv",
        record=f"{OUT}/records/merge/merge.json",
    log:
        f"{OUT}/logs/merge.log",
    benchmark:
        f"{OUT}/benchmarks/merge.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=3000,
    params:
        settings=SETUP.settings("merge"),
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        multi_band=SETUP.settings("fit.multi_band"),
        theta_from=SETUP.settings("sources.theta_from"),
        psf_min_stars=SETUP.settings("psf.min_stars"),
        zp_ref=SETUP.settings("load.zp_ref"),
        code=SETUP.code("merge"),
    message:
        "merge: every input source, once"
    script:
        "../../scripts/merge.py"


rule zeropoint:
    input:
        catalog=rules.merge.output.parquet,
        gaia=SETUP.reference,
    output:
        csv=f"{OUT}/catalog.csv",
        fits=f"{OUT}/catalog.fits",
        parquet=f"{OUT}/catalog.parquet",
        summary=f"{OUT}/zeropoint/zp_summary.csv",
        stars=f"{OUT}/zeropoint/zp_all_bands__per_object.csv",
        facts=f"{OUT}/zeropoint/zeropoint.json",
        record=f"{OUT}/records/zeropoint/zeropoint.json",
    log:
        f"{OUT}/logs/zeropoint.log",
    benchmark:
        f"{OUT}/benchmarks/zeropoint.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=SETUP.settings("zeropoint"),
        stamps=SETUP.stamps(SETUP.reference),
        code=SETUP.code("zeropoint"),
    message:
        "zeropoint: magnitudes from the reference stars"
    script:
        "../../scripts/zeropoint.py"
