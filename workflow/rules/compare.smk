"""The same patches by both engines, native and the Tractor, and a page that holds one against the other."""


localrules:
    compare_engines,


rule compare_patch:
    input:
        payload=rules.payload.output.payload,
    output:
        comparison=f"{OUT}/compare/{{patch}}.fits",
        cost=f"{OUT}/benchmarks/compare_patch/{{patch}}.json",
        record=f"{OUT}/records/compare_patch/{{patch}}.json",
    log:
        f"{OUT}/logs/compare_patch/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/compare_patch/{{patch}}.tsv"
    wildcard_constraints:
        tile=SETUP.own_tile,
    conda:
        "../../envs/fit.yaml"
    resources:
        mem_mb=4000,
    params:
        settings=SETUP.settings_without("fit", "engine"),
        sky_model=SETUP.settings("load.sky.model"),
        code=SETUP.code("compare_patch"),
    message:
        "compare_patch {wildcards.patch}: both engines"
    script:
        "../../scripts/compare_patch.py"


rule compare_page:
    input:
        comparisons=SETUP.compared("compare/{patch}.fits"),
        costs=SETUP.compared("benchmarks/compare_patch/{patch}.json"),
    output:
        page=report(
            f"{OUT}/compare/engines.html",
            caption="../report/engines.rst",
            category="1 Run",
            subcategory="{tile}",
            labels={"page": "both engines"},
        ),
        figure=f"{OUT}/compare/engines.png",
        table=f"{OUT}/compare/engines.csv",
        record=f"{OUT}/records/compare_page/compare_page.json",
    log:
        f"{OUT}/logs/compare_page.log",
    benchmark:
        f"{OUT}/benchmarks/compare_page.tsv"
    wildcard_constraints:
        tile=SETUP.own_tile,
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1500,
    params:
        bands=lambda wildcards: SETUP.plan(wildcards).bands,
        patches=lambda wildcards: len(SETUP.plan(wildcards).patch_tags),
        zp_ref=SETUP.settings("load.zp_ref"),
        dpi=SETUP.settings("figures.dpi"),
        code=SETUP.code("compare_page"),
    message:
        "compare_page: time, chi2, fluxes and positions of both engines"
    script:
        "../../scripts/compare_page.py"


rule compare_engines:
    input:
        page=SETUP.products("compare/engines.html"),
    log:
        f"{SETUP.out}/logs/compare_engines.log".format(tile=SETUP.config.tile),
    conda:
        "../../envs/catalog.yaml"
    params:
        code=SETUP.code("compare_engines"),
    message:
        "compare_engines: the Tractor beside the native engine"
    script:
        "../../scripts/compare_engines.py"
