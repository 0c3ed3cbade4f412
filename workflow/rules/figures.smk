"""Figures of images and PSFs: each has its switch in the config, and none is drawn inside a job that computes."""

from swath.report import marked, shown


ruleorder: fig_psf_in_report > fig_psf


rule fig_white:
    input:
        white=rules.white.output.white,
    output:
        figure=report(
            f"{OUT}/figures/white.png",
            caption="../report/white.rst",
            category="2 Field",
            subcategory="{tile}",
            labels={"figure": "white stack"},
        ),
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
        figure=report(
            f"{OUT}/figures/overlay.png",
            caption="../report/overlay.rst",
            category="2 Field",
            subcategory="{tile}",
            labels={"figure": "sources over the white stack"},
        ),
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


rule fig_grid:
    input:
        epsfs=SETUP.each_cell("epsf/{cell}.fits"),
        added=SETUP.where_added(SETUP.each_cell("epsf_added/{cell}.fits")),
    output:
        figure=report(
            f"{OUT}/figures/psf/grid.png",
            caption="../report/psf_grid.rst",
            category="3 PSFs",
            subcategory="{tile}",
            labels={"figure": "all cells"},
        ),
        record=f"{OUT}/records/fig_grid/grid.json",
    log:
        f"{OUT}/logs/fig_grid.log",
    benchmark:
        f"{OUT}/benchmarks/fig_grid.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1500,
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("fig_grid"),
    message:
        "figure: the PSFs of all cells and bands"
    script:
        "../../scripts/fig_grid.py"


rule fig_psf:
    input:
        epsf=rules.epsf.output.epsf,
        frames=SETUP.each_fitted_band("frames/{band}.fits"),
        stars=SETUP.each_fitted_band("stars/{band}.fits"),
        added_epsf=SETUP.where_added(SETUP.this_cell("epsf_added/{cell}.fits")),
        added_frames=SETUP.each_added_band("frames/{band}.fits"),
        added_stars=SETUP.each_added_band("stars/{band}.fits"),
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


use rule fig_psf as fig_psf_in_report with:
    output:
        **marked(report, SETUP.figure_outputs("psf"), "psf", "3 PSFs", "cell"),
        record=f"{OUT}/records/fig_psf/{{cell}}.json",
    wildcard_constraints:
        cell=shown(
            list(SETUP.plans[SETUP.config.tile].cells),
            SETUP.config.figures.report.cells,
        ),
