"""What photometry has to say about a measurement: the registry of its quality bits."""

from ..flags import Flag

QUALITY_FLAGS = (
    Flag(1 << 0, "APERTURE_FILLED", "pixels missing in the aperture; their part was filled by the PSF"),
    Flag(1 << 1, "APERTURE_BAD", "pixels with one of aperture.bad_flags lie in the aperture"),
    Flag(1 << 2, "APERTURE_EDGE", "the aperture reaches beyond the image"),
    Flag(1 << 3, "BACKGROUND_SOURCE", "too few pixels free of SOURCE: the background is of pixels with it, clipped"),
    Flag(1 << 4, "BACKGROUND_GROWN", "the annulus had to grow beyond the first one tried"),
    Flag(1 << 5, "BACKGROUND_EDGE", "the region of the background reaches beyond the image"),
    Flag(
        1 << 6, "ZODI_SOURCE", "too few pixels free of SOURCE: the zodiacal light was scaled on pixels with it, clipped"
    ),
    Flag(1 << 7, "ZODI_UNSCALED", "too few pixels to scale the zodiacal light; the model was taken as it is"),
    Flag(1 << 8, "ZODI_LIMITS", "the scale of the zodiacal light was beyond its limits; the model was taken as it is"),
    Flag(1 << 9, "ZODI_MISSING", "the file has no model of the zodiacal light; none was subtracted"),
    Flag(1 << 10, "CALIBRATION_OTHER", "PSF or wavelengths belong to another calibration than the image"),
    Flag(1 << 11, "CALIBRATION_UNKNOWN", "image or calibration does not say which calibration it belongs to"),
    Flag(1 << 12, "FLAGS_ASSUMED", "the file does not name its flags; the bits of the documents were used"),
    Flag(1 << 13, "OFF_DETECTOR", "the target lies beyond the zones or the wavelengths known; the nearest were used"),
    Flag(1 << 14, "MOTION_UNKNOWN", "proper motion given, but not the epoch of position or exposure; not applied"),
    Flag(1 << 15, "AREA_UNMAPPED", "no map of solid angles for this detector; the WCS was used"),
    Flag(1 << 16, "NEGATIVE_FLUX", "the flux is negative"),
    Flag(1 << 17, "BACKGROUND_SCATTER", "the background's pixels scatter more than twice as much as VARIANCE says"),
    Flag(1 << 18, "WAVELENGTH_UNKNOWN", "neither the file nor a calibration file has wavelengths"),
)

QUALITY = {flag.name: flag.bit for flag in QUALITY_FLAGS}
