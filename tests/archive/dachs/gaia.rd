<resource schema="gaiadr3" resdir=".">
  <meta name="creationDate">2026-01-01T00:00:00Z</meta>
  <meta name="title">Reference stars in the form of Gaia DR3</meta>
  <meta name="description">The shipped reference stars under the names of tables and columns of Gaia's archive. Not Gaia's data.</meta>
  <meta name="subject">surveys</meta>
  <meta name="creator">SDSS</meta>
  <meta name="type">Catalog</meta>
  <meta name="coverage.waveband">Optical</meta>

  <table id="gaia_source" onDisk="True" adql="True" primary="source_id" mixin="//scs#q3cindex">
    <column name="source_id" type="bigint" ucd="meta.id;meta.main" required="True"/>
    <column name="ref_epoch" type="double precision" unit="yr" ucd="meta.ref;time.epoch"/>
    <column name="ra" type="double precision" unit="deg" ucd="pos.eq.ra;meta.main"/>
    <column name="ra_error" type="real" unit="mas" ucd="stat.error;pos.eq.ra"/>
    <column name="dec" type="double precision" unit="deg" ucd="pos.eq.dec;meta.main"/>
    <column name="dec_error" type="real" unit="mas" ucd="stat.error;pos.eq.dec"/>
    <column name="parallax" type="double precision" unit="mas" ucd="pos.parallax.trig"/>
    <column name="parallax_error" type="real" unit="mas" ucd="stat.error;pos.parallax.trig"/>
    <column name="pmra" type="double precision" unit="mas/yr" ucd="pos.pm;pos.eq.ra"/>
    <column name="pmra_error" type="real" unit="mas/yr" ucd="stat.error;pos.pm;pos.eq.ra"/>
    <column name="pmdec" type="double precision" unit="mas/yr" ucd="pos.pm;pos.eq.dec"/>
    <column name="pmdec_error" type="real" unit="mas/yr" ucd="stat.error;pos.pm;pos.eq.dec"/>
    <column name="ruwe" type="real" ucd="stat.error"/>
    <column name="phot_g_mean_mag" type="real" unit="mag" ucd="phot.mag;em.opt"/>
    <column name="phot_bp_mean_mag" type="real" unit="mag" ucd="phot.mag;em.opt.B"/>
    <column name="phot_rp_mean_mag" type="real" unit="mag" ucd="phot.mag;em.opt.R"/>
  </table>

  <table id="synthetic_photometry_gspc" onDisk="True" adql="True" primary="source_id">
    <column name="source_id" type="bigint" ucd="meta.id;meta.main" required="True"/>
    <column name="c_star" type="real" ucd="stat"/>
    <LOOP listItems="u g r i z">
      <events>
        <column name="\item\+_sdss_mag" type="real" unit="mag" ucd="phot.mag;em.opt"/>
        <column name="\item\+_sdss_flux" type="double precision" ucd="phot.flux;em.opt"/>
        <column name="\item\+_sdss_flux_error" type="real" ucd="stat.error;phot.flux"/>
        <column name="\item\+_sdss_flag" type="smallint" required="True" ucd="meta.code.qual"/>
      </events>
    </LOOP>
  </table>

  <data id="import_stars">
    <sources pattern="data/gaia_source.csv"/>
    <csvGrammar/>
    <make table="gaia_source"><rowmaker idmaps="*"/></make>
  </data>
  <data id="import_photometry">
    <sources pattern="data/synthetic_photometry_gspc.csv"/>
    <csvGrammar/>
    <make table="synthetic_photometry_gspc"><rowmaker idmaps="*"/></make>
  </data>
</resource>
