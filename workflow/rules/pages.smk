"""Pages for people, and the target that makes everything that `snakemake --report` holds."""


rule pages:
    input:
        SETUP.figures(),
        SETUP.products("pages/facts.html"),
        SETUP.pages(),


rule facts:
    input:
        catalog=rules.zeropoint.output.parquet,
        zeropoint=rules.zeropoint.output.facts,
        attrition=rules.merge.output.attrition,
        frames=SETUP.each_band("frames/{band}.json"),
        noise=SETUP.each_band("noise/{band}.json"),
        epsfs=SETUP.each_cell("epsf/{cell}.json"),
        added_epsfs=SETUP.where_added(SETUP.each_cell("epsf_added/{cell}.json")),
        figures=SETUP.figure_records,
    output:
        page=report(
            f"{OUT}/pages/facts.html",
            caption="../report/facts.rst",
            category="1 Run",
            subcategory="{tile}",
            labels={"page": "facts of the run"},
        ),
        record=f"{OUT}/records/facts/facts.json",
    log:
        f"{OUT}/logs/facts.log",
    benchmark:
        f"{OUT}/benchmarks/facts.tsv"
    conda:
        "../../envs/catalog.yaml"
    resources:
        mem_mb=1000,
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        settings=SETUP.changed,
        correct_errors=SETUP.settings("noise.correct_errors"),
        folder=lambda wildcards, output: output.page.rsplit("/", 2)[0],
        code=SETUP.code("facts"),
    message:
        "facts: counts, flags, timings and versions of the run"
    script:
        "../../scripts/facts.py"
