"""Figures: each is switched by the config section `figures`, and none is drawn inside a job that computes."""


rule fig_white:
    input:
        white=rules.white.output.white,
    output:
        figure=f"{OUT}/figures/white.png",
        record=f"{OUT}/records/fig_white/white.json",
    log:
        f"{OUT}/logs/fig_white.log",
    benchmark:
        f"{OUT}/benchmarks/fig_white.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=SETUP.settings("figures.dpi", "figures.downsample"),
        code=SETUP.code("fig_white"),
    message:
        "figure: the white stack before and after the crop"
    script:
        "../../scripts/fig_white.py"


rule fig_overlay:
    input:
        white=rules.white.output.white,
        sources=rules.sources.output.sources,
    output:
        figure=f"{OUT}/figures/overlay.png",
        record=f"{OUT}/records/fig_overlay/overlay.json",
    log:
        f"{OUT}/logs/fig_overlay.log",
    benchmark:
        f"{OUT}/benchmarks/fig_overlay.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=SETUP.settings(
            "figures.dpi",
            "figures.downsample",
            "sources.unknown_type",
            "gaia.min_box_size_pix",
        ),
        code=SETUP.code("fig_overlay"),
    message:
        "figure: the sources over the white stack"
    script:
        "../../scripts/fig_overlay.py"


rule fig_psf:
    input:
        epsf=rules.epsf.output.epsf,
        frames=SETUP.each_band("frames/{band}.fits"),
        stars=SETUP.each_band("stars/{band}.fits"),
    output:
        **SETUP.figure_outputs("psf"),
        record=f"{OUT}/records/fig_psf/{{cell}}.json",
    log:
        f"{OUT}/logs/fig_psf/{{cell}}.log",
    benchmark:
        f"{OUT}/benchmarks/fig_psf/{{cell}}.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=2000,
    params:
        box=lambda wildcards: SETUP.plan(wildcards).all_cells[wildcards.cell],
        psf=SETUP.settings("psf"),
        settings=SETUP.settings(
            "figures.dpi",
            "figures.downsample",
            "figures.psf.max_stars",
            "figures.psf.colorbar",
        ),
        code=SETUP.code("fig_psf"),
    message:
        "figures of the PSFs of cell {wildcards.cell}"
    script:
        "../../scripts/fig_psf.py"


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


rule fig_zeropoint:
    input:
        stars=rules.zeropoint.output.stars,
        facts=rules.zeropoint.output.facts,
    output:
        **SETUP.figure_outputs("zeropoint"),
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
