"""Bands that are added to a finished run: PSFs as for any band, fluxes at the positions and shapes that it found."""


rule hub_added:
    input:
        hub=rules.patches.output.hub,
        frames=SETUP.only_added(SETUP.each_added_band("records/load/{band}.json")),
    output:
        hub=f"{OUT}/patches/added.json",
        record=f"{OUT}/records/hub_added/added.json",
    log:
        f"{OUT}/logs/hub_added.log",
    benchmark:
        f"{OUT}/benchmarks/hub_added.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=1000,
    params:
        bands=lambda wildcards: list(SETUP.plan(wildcards).measured),
        code=SETUP.code("hub_added"),
    message:
        "hub_added: the patches, with the added bands"
    script:
        "../../scripts/hub_added.py"


rule epsf_added:
    input:
        frames=SETUP.only_added(SETUP.each_added_band("frames/{band}.fits")),
        stars=SETUP.each_added_band("stars/{band}.fits"),
        supplied=SETUP.added_psf_files,
    output:
        epsf=f"{OUT}/epsf_added/{{cell}}.fits",
        meta=f"{OUT}/epsf_added/{{cell}}.json",
        record=f"{OUT}/records/epsf_added/{{cell}}.json",
    log:
        f"{OUT}/logs/epsf_added/{{cell}}.log",
    benchmark:
        f"{OUT}/benchmarks/epsf_added/{{cell}}.tsv"
    conda:
        "../../envs/psf.yaml"
    resources:
        mem_mb=SETUP.memory(30),
    params:
        images=lambda wildcards: SETUP.plan(wildcards).measured,
        cells=lambda wildcards: SETUP.plan(wildcards).all_cells,
        settings=SETUP.settings_without(
            "psf", "ngrid", "skip_empty_cells", "interpolate"
        ),
        stamps=SETUP.stamps(SETUP.added_psf_files),
        code=SETUP.code("epsf"),
    message:
        "epsf_added {wildcards.cell}: the PSF of every added band"
    script:
        "../../scripts/epsf.py"


rule payload_added:
    input:
        hub=rules.hub_added.output.hub,
        sources=rules.patches.output.sources,
        epsf=SETUP.only_added(SETUP.own_cell("epsf_added/{cell}.fits")),
        around=SETUP.cells_around("epsf_added/{cell}.fits"),
        fit=rules.fit.output.fit,
    output:
        payload=f"{OUT}/payload_added/{{patch}}.fits",
        record=f"{OUT}/records/payload_added/{{patch}}.json",
    log:
        f"{OUT}/logs/payload_added/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/payload_added/{{patch}}.tsv"
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
        code=SETUP.code("payload_added"),
    message:
        "payload_added {wildcards.patch}"
    script:
        "../../scripts/payload_added.py"


rule fit_added:
    input:
        payload=rules.payload_added.output.payload,
    output:
        fit=f"{OUT}/fit_added/{{patch}}.fits",
        record=f"{OUT}/records/fit_added/{{patch}}.json",
    log:
        f"{OUT}/logs/fit_added/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/fit_added/{{patch}}.tsv"
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=SETUP.forced_fit,
        sky_model=SETUP.settings("load.sky.model"),
        code=SETUP.code("fit"),
    message:
        "fit_added {wildcards.patch}: fluxes at the positions and shapes of the fit"
    script:
        "../../scripts/fit.py"
