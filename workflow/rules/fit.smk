"""Patches, and the fit of each: one self-contained payload and one job per patch."""


rule patches:
    input:
        sources=rules.sources.output.sources,
        frames=SETUP.each_fitted_band("records/load/{band}.json"),
    output:
        hub=f"{OUT}/patches/patches.json",
        table=f"{OUT}/patches/patches.csv",
        sources=f"{OUT}/patches/sources.fits",
        record=f"{OUT}/records/patches/patches.json",
    log:
        f"{OUT}/logs/patches.log",
    benchmark:
        f"{OUT}/benchmarks/patches.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=2000,
    params:
        plan=lambda wildcards: SETUP.plan(wildcards).geometry(),
        settings=SETUP.settings("patches"),
        psf_size=SETUP.settings("psf.size"),
        code=SETUP.code("patches"),
    message:
        "patches: divide the cells and gather what the payloads need"
    script:
        "../../scripts/patches.py"


rule payload:
    input:
        hub=rules.patches.output.hub,
        sources=rules.patches.output.sources,
        epsf=SETUP.own_cell("epsf/{cell}.fits"),
        around=SETUP.cells_around("epsf/{cell}.fits"),
    output:
        payload=f"{OUT}/payload/{{patch}}.fits",
        record=f"{OUT}/records/payload/{{patch}}.json",
    log:
        f"{OUT}/logs/payload/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/payload/{{patch}}.tsv"
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=1000,
    params:
        settings=SETUP.settings(
            "fit.aperture_radius_pix",
            "fit.flux_floor",
            "fit.sersic_n_init",
            "fit.stamp_threshold",
            "fit.stamp_max_pix",
        ),
        code=SETUP.code("payload"),
    message:
        "payload {wildcards.patch}"
    script:
        "../../scripts/payload.py"


rule fit:
    input:
        payload=rules.payload.output.payload,
    output:
        fit=f"{OUT}/fit/{{patch}}.fits",
        record=f"{OUT}/records/fit/{{patch}}.json",
    log:
        f"{OUT}/logs/fit/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/fit/{{patch}}.tsv"
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=SETUP.fit_settings,
        sky_model=SETUP.settings("load.sky.model"),
        code=SETUP.code("fit"),
    message:
        "fit {wildcards.patch}"
    script:
        "../../scripts/fit.py"
