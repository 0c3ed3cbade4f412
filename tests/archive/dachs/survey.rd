<resource schema="stripe82" resdir=".">
  <meta name="creationDate">2026-01-01T00:00:00Z</meta>
  <meta name="title">A field of SDSS Stripe 82</meta>
  <meta name="description">Images of one small field in five bands, as they are shipped for the default run.</meta>
  <meta name="subject">surveys</meta>
  <meta name="creator">SDSS</meta>
  <meta name="instrument">SDSS camera</meta>
  <meta name="facility">Apache Point Observatory</meta>
  <meta name="type">Survey</meta>
  <meta name="contentLevel">Research</meta>
  <meta name="coverage.waveband">Optical</meta>

  <table id="images" onDisk="True" mixin="//siap#pgs" adql="True">
    <mixin calibLevel="2" collectionName="'SDSS Stripe 82'" targetName="'S82'" expTime="exptime"
      tMin="dateObs" tMax="dateObs+exptime/86400" tResolution="exptime"
      obsId="'94-1-12-'||bandpassId">//obscore#publishSIAP</mixin>
    <column name="exptime" unit="s" ucd="time.duration;obs.exposure" tablehead="Exp." description="Exposure time"/>
    <column name="magzp" unit="mag" ucd="phot.mag;arith.zp" tablehead="ZP" description="Zero point"/>
  </table>

  <coverage><updater sourceTable="images"/></coverage>

  <data id="import">
    <sources pattern="data/*.fits"/>
    <fitsProdGrammar qnd="True">
      <rowfilter procDef="//products#define">
        <bind key="table">"\schema.images"</bind>
        <bind key="path">\dlMetaURI{dl}</bind>
        <bind key="mime">"application/x-votable+xml;content=datalink"</bind>
        <bind key="fsize">\inputSize</bind>
      </rowfilter>
    </fitsProdGrammar>
    <make table="images">
      <rowmaker>
        <var key="edges">{"u": (305e-9, 403e-9), "g": (379e-9, 555e-9), "r": (543e-9, 699e-9),
          "i": (676e-9, 843e-9), "z": (799e-9, 1083e-9)}[@FILTER]</var>
        <apply procDef="//siap#setMeta">
          <bind key="dateObs">float(@MJD_OBS)</bind>
          <bind key="bandpassId">@FILTER</bind>
          <bind key="bandpassUnit">"m"</bind>
          <bind key="bandpassLo">@edges[0]</bind>
          <bind key="bandpassHi">@edges[1]</bind>
          <bind key="bandpassRefval">sum(@edges)/2</bind>
          <bind key="pixflags">"C"</bind>
          <bind key="title">"Stripe 82 {}".format(@FILTER)</bind>
        </apply>
        <apply procDef="//siap#computePGS"/>
        <map key="exptime">@EXPTIME</map>
        <map key="magzp">@ZP_AUTO</map>
      </rowmaker>
    </make>
  </data>

  <service id="dl" allowed="dlget,dlmeta,dlasync">
    <meta name="title">Stripe 82 datalinks and cutouts</meta>
    <meta name="dlget.description">Cutouts of Stripe 82</meta>
    <datalinkCore>
      <descriptorGenerator procDef="//soda#fits_genDesc">
        <bind key="accrefPrefix">"survey/data"</bind>
        <bind key="descClass">DLFITSProductDescriptor</bind>
      </descriptorGenerator>
      <FEED source="//soda#fits_standardDLFuncs"/>
    </datalinkCore>
  </service>

  <service id="sia2" allowed="siap2.xml">
    <meta name="title">Stripe 82 images</meta>
    <meta name="shortName">s82 sia2</meta><meta name="sia.type">Pointed</meta>
    <meta name="testQuery.pos.ra">336.65</meta><meta name="testQuery.pos.dec">-0.98</meta>
    <meta name="testQuery.size.ra">0.1</meta><meta name="testQuery.size.dec">0.1</meta>
    <publish render="siap2.xml" sets="ivo_managed"/>
    <dbCore queriedTable="//obscore#ObsCore">
      <FEED source="//siap2#parameters"/>
    </dbCore>
  </service>
</resource>
