"""swath: survey images to calibrated catalogues and spectra."""

import re
import sys

from snakemake.utils import min_version

min_version("9.20")

if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


sys.path.insert(0, f"{workflow.basedir}/workflow")

from swath.run.start import setup

SETUP = setup(workflow, config)
OUT = SETUP.out


report: "workflow/report/workflow.rst"


wildcard_constraints:
    tile="|".join(map(re.escape, SETUP.tiles)),
    band="[A-Za-z0-9][A-Za-z0-9_.+-]*",
    cell=r"r\d+_c\d+",
    patch=r"r\d+_c\d+_pr\d+_pc\d+",
    batch=r"b\d\d\d+",
    target=SETUP.target_names,


rule all:
    default_target: True
    input:
        SETUP.catalogue(),
        SETUP.spectra(),
        SETUP.products("manifest.json"),
        SETUP.figures(),
        SETUP.pages(),


include: "workflow/rules/archive.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/regrid.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/psf.smk"
include: "workflow/rules/noise.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/added.smk"
include: "workflow/rules/catalog.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/figures_catalog.smk"
include: "workflow/rules/explore.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/inject.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/tools.smk"
