"""The catalogue browser: stamps patch by patch, then one page that shows them beside table, picture and fluxes."""


rule stamps:
    input:
        payload=rules.payload.output.payload,
        fit=rules.fit.output.fit,
        added_payload=SETUP.where_added(SETUP.own_patch("payload_added/{patch}.fits")),
        added_fit=SETUP.where_added(SETUP.own_patch("fit_added/{patch}.fits")),
    output:
        sheet=f"{OUT}/explore/stamps/{{patch}}.png",
        index=f"{OUT}/explore/stamps/{{patch}}.json",
        record=f"{OUT}/records/stamps/{{patch}}.json",
    log:
        f"{OUT}/logs/stamps/{{patch}}.log",
    benchmark:
        f"{OUT}/benchmarks/stamps/{{patch}}.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1500,
    params:
        fit=SETUP.settings("fit"),
        side=SETUP.settings("explore.stamp_pix"),
        code=SETUP.code("stamps"),
    message:
        "stamps of patch {wildcards.patch}"
    script:
        "../../scripts/stamps.py"


rule explore:
    input:
        catalog=rules.zeropoint.output.parquet,
        white=rules.white.output.white,
        frames=SETUP.picture_frames,
        indices=SETUP.each_patch("explore/stamps/{patch}.json"),
    output:
        page=f"{OUT}/explore/index.html",
        record=f"{OUT}/records/explore/explore.json",
    log:
        f"{OUT}/logs/explore.log",
    benchmark:
        f"{OUT}/benchmarks/explore.tsv"
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=SETUP.settings_without("explore", "enabled", "stamp_pix"),
        code=SETUP.code("explore"),
    message:
        "explore: the catalogue in a page to look through"
    script:
        "../../scripts/explore.py"
