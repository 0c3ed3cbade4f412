"""From positions on the sky to files on the disk: query, batches, download."""


rule query:
    input:
        SETUP.asked_files,
    output:
        targets=f"{OUT}/query/targets.ecsv",
        observations=f"{OUT}/query/observations.ecsv",
        parquet=f"{OUT}/query/observations.parquet",
        urls=f"{OUT}/query/download_urls.json",
        summary=f"{OUT}/query/query_summary.json",
        record=f"{OUT}/records/query/query.json",
    log:
        f"{OUT}/logs/query.log",
    benchmark:
        f"{OUT}/benchmarks/query.tsv"
    conda:
        "../../envs/archive.yaml"
    resources:
        mem_mb=1500,
        archive=1,
    params:
        targets=SETUP.asked_targets,
        archive=SETUP.asked_archive,
        hosts=SETUP.settings("archive.http.hosts", "archive.http.allow_http"),
        asking=SETUP.aside(SETUP.asking),
        stamps=SETUP.stamps(SETUP.asked_files),
        folder=lambda wildcards: OUT.format(tile=wildcards.tile),
        code=SETUP.code("query"),
    message:
        "query: ask the archive what it has of every target"
    script:
        "../../scripts/query.py"


rule reference:
    input:
        image=SETUP.first_image,
    output:
        stars=f"{OUT}/query/reference.csv",
        record=f"{OUT}/records/reference/reference.json",
    log:
        f"{OUT}/logs/reference.log",
    benchmark:
        f"{OUT}/benchmarks/reference.tsv"
    conda:
        "../../envs/archive.yaml"
    resources:
        mem_mb=1500,
        archive=1,
    params:
        gaia=SETUP.settings("gaia.mag_min", "gaia.mag_max", "gaia.fetch"),
        hosts=SETUP.settings("archive.http.hosts", "archive.http.allow_http"),
        asking=SETUP.aside(SETUP.asking),
        image=lambda wildcards: next(iter(SETUP.plan(wildcards).images.values())),
        stamps=SETUP.stamps(SETUP.first_image),
        code=SETUP.code("reference"),
    message:
        "reference: fetch the reference stars of the field"
    script:
        "../../scripts/reference.py"


rule batches:
    input:
        observations=rules.query.output.parquet,
        urls=rules.query.output.urls,
    output:
        batches=SETUP.in_batches(f"{OUT}/batches/{{batch}}.parquet"),
        links=SETUP.in_batches(f"{OUT}/batches/{{batch}}.json"),
        record=f"{OUT}/records/batches/batches.json",
    log:
        f"{OUT}/logs/batches.log",
    benchmark:
        f"{OUT}/benchmarks/batches.tsv"
    conda:
        "../../envs/archive.yaml"
    resources:
        mem_mb=1500,
    params:
        # Of fewer batches every file is there already, each with a part of what is now its own.
        number=SETUP.settings("download.batches"),
        code=SETUP.code("batches"),
    message:
        "batches: split the exposures"
    script:
        "../../scripts/batches.py"


rule download:
    input:
        batch=f"{OUT}/batches/{{batch}}.parquet",
        links=f"{OUT}/batches/{{batch}}.json",
        targets=rules.query.output.targets,
    output:
        files=f"{OUT}/download/{{batch}}.parquet",
        record=f"{OUT}/records/download/{{batch}}.json",
    log:
        f"{OUT}/logs/download/{{batch}}.log",
    benchmark:
        f"{OUT}/benchmarks/download/{{batch}}.tsv"
    conda:
        "../../envs/archive.yaml"
    resources:
        mem_mb=1500,
        archive=1,
    params:
        archive=SETUP.settings(
            "archive.service",
            "archive.tap_url",
            "archive.sia_url",
            "archive.data_url",
        ),
        hosts=SETUP.settings("archive.http.hosts", "archive.http.allow_http"),
        settings=SETUP.asked_download,
        asking=SETUP.aside(SETUP.asking),
        fetching=SETUP.aside(SETUP.fetching),
        failed_before=SETUP.failed_before,
        folder=lambda wildcards: OUT.format(tile=wildcards.tile),
        code=SETUP.code("download"),
    message:
        "download {wildcards.batch}: fetch its files"
    script:
        "../../scripts/download.py"
