// The panel of one source: what is known of it, its stamps, its fluxes and its flags.
swath.element = (tag, options = {}, ...children) => {
  const { style, ...rest } = options;
  const made = Object.assign(document.createElement(tag), rest);
  if (style) for (const [name, value] of Object.entries(style)) made.style.setProperty(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
};

swath.format = (value, digits = 4) => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(digits - 2);
  return String(+value.toPrecision(Number.isInteger(value) ? 9 : digits));
};

swath.detail = (data, columns, sky, sed) => {
  const { element, format } = swath;
  const value = (name, row) => columns.get(name)?.get(row);
  const number = (name, row) => (columns.get(name)?.kind === "number" ? columns.get(name).get(row) : NaN);
  const calibrated = data.bands.some((band) => columns.get(`MAG_${band}_fit`)?.values.some(Number.isFinite));
  let inMagnitudes = calibrated;

  const flagsOf = (row) => data.flags.filter((flag) => number("fit_flags", row) & flag.bit);

  function heading(row) {
    const ra = number("RA", row), dec = number("DEC", row);
    const status = value("status", row), type = value("type", row), reason = value("reason", row);
    const place = Number.isFinite(ra + dec)
      ? [element("div", { className: "place" }, `${ra.toFixed(6)}  ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(6)}`),
        element("div", { className: "place" }, sky.sexagesimal(ra, dec))] : [];
    const pixel = `x ${format(number("x", row), 6)}   y ${format(number("y", row), 6)} pix`;
    return element("header", {},
      element("h2", { id: "name" }, value("ID", row) || "(no ID)"),
      element("div", { className: "pills" },
        element("span", { className: "pill", style: { "--tone": swath.typeColour(type) } }, type),
        status === "fitted" || status === type ? "" : element("span", { className: "pill warn" }, status),
        value("injected", row) ? element("span", { className: "pill" }, "injected reference star") : "",
        ...flagsOf(row).map(({ name, meaning }) => element("span", { className: "pill flag", title: meaning }, name))),
      element("div", { className: "places" }, ...place, element("div", { className: "place" }, pixel)),
      reason ? element("p", { className: "reason" }, `${status}: ${reason}`) : "");
  }

  function stamps(row) {
    const sheet = data.stamps.sheets[data.stamps.sheet[row]];
    if (!sheet) return element("p", { className: "quiet" }, "No stamps: the source is in no patch.");
    const { side } = data.stamps, count = data.bands.length, slot = data.stamps.slot[row];
    const room = Math.max(document.getElementById("detail").clientWidth - 84, 160);
    const shown = Math.max(Math.min(Math.floor(room / Math.min(count, 8)) - 4, 2 * side, 96), 36), scale = shown / side;
    const path = `stamps/${encodeURIComponent(sheet.tag)}.png`;
    const left = (slot % sheet.columns) * count, top = Math.floor(slot / sheet.columns) * 3;
    const tile = (kind, band) => element("div", { className: "stamp", style: {
      width: `${shown}px`, height: `${shown}px`, "background-image": `url("${path}")`,
      "background-size": `${sheet.columns * count * shown}px auto`,
      "background-position": `${-(left + band) * shown}px ${-(top + kind) * shown}px`,
      "image-rendering": scale >= 1.5 ? "pixelated" : "auto" } });
    const figures = data.bands.map((band, index) => {
      const [low, high] = data.stamps.ends.slice(2 * (row * count + index), 2 * (row * count + index) + 2);
      const title = `${band}: data and model from ${format(low, 3)} (black) to ${format(high, 3)} ct (white)`;
      return element("figure", { title },
        element("figcaption", {}, band), ...[0, 1, 2].map((kind) => tile(kind, index)),
        element("small", {}, `${format(high, 3)} ct`));
    });
    const names = element("div", { className: "kinds" }, element("span"), ...["data", "model", "residual"].map(
      (name) => element("span", { style: { height: `${shown}px` } }, name)), element("small", {}, "white at"));
    const whole = element("img", { id: "sheet", src: path, alt: "", hidden: true });
    const box = element("div", { id: "stamps" }, names, element("div", { className: "bands" }, ...figures), whole);
    whole.onerror = () => box.replaceChildren(element("p", { className: "quiet" }, `${path} is not beside this page.`));
    const sample = (className) => element("i", { className });
    const key = element("p", { className: "key" }, "residual: (data − model) / σ, −5 ", sample("ramp"), " +5; ",
      element("span", {}, "no data ", sample("masked")));
    return element("section", {}, element("h3", {}, `Stamps, ${side} × ${side} pix`), box, key);
  }

  function pair(a, b, digits) {
    if (!Number.isFinite(a)) return "–";
    return digits ? `${a.toFixed(digits)} ± ${b.toFixed(digits)}` : `${format(a)} ± ${format(b, 2)}`;
  }

  function spectrum(row) {
    const points = { x: [], y: [], low: [], high: [], shape: [], band: [], text: [] };
    data.bands.forEach((band, index) => {
      let y = number(`${inMagnitudes ? "MAG" : "FLUX"}_${band}_fit`, row);
      const error = number(`${inMagnitudes ? "MAGERR" : "FLUXERR"}_${band}_fit`, row);
      const limit = number(`MAG_LIMIT_${band}`, row);
      const bounded = inMagnitudes && !Number.isFinite(y) && Number.isFinite(limit);
      if (bounded) y = limit;
      if (!Number.isFinite(y)) return;
      points.x.push(data.wavelengths?.[index] ?? index);
      points.y.push(y);
      points.low.push(bounded || !(error >= 0) ? y : y - error);
      points.high.push(bounded || !(error >= 0) ? y : y + error);
      points.shape.push(bounded ? "inverted_triangle" : "circle");
      points.band.push(band);
      points.text.push(bounded ? `fainter than ${y.toFixed(2)}` : pair(y, error, inMagnitudes ? 3 : 0));
    });
    sed.axis.axis_label = inMagnitudes ? "AB magnitude" : `flux [ct at zero point ${data.zp_ref}]`;
    const low = Math.min(...points.low), high = Math.max(...points.high);
    const margin = 0.12 * (high - low) || 0.1 * Math.abs(high) || 1;
    const [bottom, top] = inMagnitudes ? [high + margin, low - margin] : [low - margin, high + margin];
    if (points.y.length) sed.plot.y_range.setv({ start: bottom, end: top });
    sed.source.data = points;
    return points.y.length;
  }

  function table(row) {
    const head = ["band", calibrated ? "mag" : "", "flux [ct]", "S/N", "χ²/pix"].filter(Boolean);
    const rows = data.bands.map((band) => {
      const limit = number(`MAG_LIMIT_${band}`, row);
      const magnitude = pair(number(`MAG_${band}_fit`, row), number(`MAGERR_${band}_fit`, row), 3);
      const shown = magnitude === "–" && Number.isFinite(limit) ? `> ${limit.toFixed(2)}` : magnitude;
      return [band, ...(calibrated ? [shown] : []),
        pair(number(`FLUX_${band}_fit`, row), number(`FLUXERR_${band}_fit`, row)),
        format(number(`SNR_${band}`, row), 3), format(number(`chi2_${band}`, row), 3)];
    });
    return element("table", {}, element("thead", {}, element("tr", {}, ...head.map((name) => element("th", {}, name)))),
      element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))))));
  }

  function flags(row) {
    const items = flagsOf(row).map((flag) => element("li", {}, element("b", {}, flag.name), ` ${flag.meaning}`));
    return element("section", {}, element("h3", {}, "Flags"),
      items.length ? element("ul", { id: "flags" }, ...items) : element("p", { className: "quiet" }, "none"));
  }

  function everything(row) {
    const list = element("dl");
    const box = element("details", {}, element("summary", {}, `All ${columns.size} values`), list);
    box.addEventListener("toggle", () => {
      if (list.children.length) return;
      for (const column of columns.values()) {
        const held = column.get(row);
        const written = (value) => (Number.isNaN(value) ? "–" : String(+value.toPrecision(column.exact ? 15 : 7)));
        const text = column.kind === "number" ? written(held) : String(held);
        const unit = column.unit && text !== "–" ? ` ${column.unit}` : "";
        list.append(element("dt", { title: column.meaning }, column.name), element("dd", {}, text, unit));
      }
    });
    return box;
  }

  // Fill the panel; the plot keeps its own element, so that it is made once only.
  function show(row) {
    document.getElementById("head").replaceChildren(heading(row));
    document.getElementById("pictures").replaceChildren(stamps(row));
    document.getElementById("spectrum").hidden = false;
    document.getElementById("unit").hidden = !calibrated;
    for (const button of document.querySelectorAll("#unit button")) {
      button.setAttribute("aria-pressed", String((button.value === "mag") === inMagnitudes));
    }
    const count = spectrum(row);
    document.getElementById("nospectrum").hidden = count > 0;
    document.getElementById("sed").style.visibility = count ? "visible" : "hidden";
    document.getElementById("tail").replaceChildren(table(row), flags(row), everything(row));
    document.getElementById("overview").hidden = true;
    document.getElementById("source").hidden = false;
    document.getElementById("source").classList.toggle("many", data.bands.length > 8);
  }
  function hide() {
    document.getElementById("overview").hidden = false;
    document.getElementById("source").hidden = true;
  }
  function setUnit(unit) { inMagnitudes = unit === "mag"; }
  return { show, hide, setUnit };
};
