"""From exposures to light curves and spectra of every target."""


rule aperture:
    input:
        files=f"{OUT}/download/{{batch}}.parquet",
        targets=rules.query.output.targets,
        maps=SETUP.area_maps,
    output:
        photometry=f"{OUT}/aperture/{{batch}}.parquet",
        record=f"{OUT}/records/aperture/{{batch}}.json",
    log:
        f"{OUT}/logs/aperture/{{batch}}.log",
    benchmark:
        f"{OUT}/benchmarks/aperture/{{batch}}.tsv"
    conda:
        "../../envs/spectra.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=SETUP.settings_without("aperture", "max_failed_fraction"),
        stamps=SETUP.stamps(SETUP.area_maps),
        folder=lambda wildcards: OUT.format(tile=wildcards.tile),
        code=SETUP.code("aperture"),
    message:
        "aperture {wildcards.batch}: photometry of every planned exposure"
    script:
        "../../scripts/aperture.py"


rule photometry:
    input:
        batches=SETUP.each_batch("aperture/{batch}.parquet"),
    output:
        parquet=f"{OUT}/photometry.parquet",
        ecsv=f"{OUT}/photometry.ecsv",
        record=f"{OUT}/records/photometry/photometry.json",
    log:
        f"{OUT}/logs/photometry.log",
    benchmark:
        f"{OUT}/benchmarks/photometry.tsv"
    conda:
        "../../envs/spectra.yaml"
    resources:
        mem_mb=2000,
    params:
        max_failed_fraction=SETUP.settings("aperture.max_failed_fraction"),
        code=SETUP.code("photometry"),
    message:
        "photometry: every planned exposure of every target, once"
    script:
        "../../scripts/photometry.py"


rule lightcurve:
    input:
        photometry=rules.photometry.output.parquet,
        targets=rules.query.output.targets,
    output:
        csv=f"{OUT}/targets/{{target}}/lightcurve.csv",
        ecsv=f"{OUT}/targets/{{target}}/lightcurve.ecsv",
        vot=f"{OUT}/targets/{{target}}/lightcurve.vot",
        json=f"{OUT}/targets/{{target}}/photometry.json",
        spectrum=f"{OUT}/targets/{{target}}/spectrum.csv",
        record=f"{OUT}/records/lightcurve/{{target}}.json",
    log:
        f"{OUT}/logs/lightcurve/{{target}}.log",
    benchmark:
        f"{OUT}/benchmarks/lightcurve/{{target}}.tsv"
    conda:
        "../../envs/spectra.yaml"
    resources:
        mem_mb=1000,
    params:
        settings=SETUP.settings_without("lightcurve", "figure"),
        magnitudes=SETUP.settings("aperture.magnitude", "aperture.asinh_softening"),
        code=SETUP.code("lightcurve"),
    message:
        "light curve of {wildcards.target}"
    script:
        "../../scripts/lightcurve.py"


rule spectrum_plot:
    input:
        lightcurve=f"{OUT}/targets/{{target}}/lightcurve.ecsv",
    output:
        combined=report(
            f"{OUT}/targets/{{target}}/combined_plot.png",
            caption="../report/spectra_combined.rst",
            category="8 Spectra",
            subcategory="{tile}",
            labels={"figure": "spectrum and light curve", "target": "{target}"},
        ),
        summary=report(
            f"{OUT}/targets/{{target}}/summary_plot.png",
            caption="../report/spectra_summary.rst",
            category="8 Spectra",
            subcategory="{tile}",
            labels={"figure": "measurements", "target": "{target}"},
        ),
        record=f"{OUT}/records/spectrum_plot/{{target}}.json",
    log:
        f"{OUT}/logs/spectrum_plot/{{target}}.log",
    benchmark:
        f"{OUT}/benchmarks/spectrum_plot/{{target}}.tsv"
    conda:
        "../../envs/spectra.yaml"
    resources:
        mem_mb=1500,
    params:
        settings=SETUP.settings("lightcurve"),
        code=SETUP.code("spectrum_plot"),
    message:
        "figures of {wildcards.target}"
    script:
        "../../scripts/spectrum_plot.py"
