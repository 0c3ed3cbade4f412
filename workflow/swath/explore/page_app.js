// Everything together: read the data, make the plots, and keep table, picture and panel on one selection.
swath.read = (packed) => {
  const raw = atob(packed.data), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new { f4: Float32Array, f8: Float64Array, i4: Int32Array, u1: Uint8Array }[packed.type](bytes.buffer);
};

// Columns by name; their values are unpacked when they are asked for first.
swath.columns = (list) => new Map(list.map((given) => {
  const { name, kind, unit, meaning } = given;
  let held = given.texts ?? null;
  const column = { name, kind, unit, meaning, exact: given.type === "f8" };
  const unpack = () => (given.words ? Array.from(swath.read(given), (index) => given.words[index]) : swath.read(given));
  Object.defineProperty(column, "values", { get: () => (held ??= unpack()) });
  column.get = kind === "truth" ? (row) => column.values[row] !== 0 : (row) => column.values[row];
  return [name, column];
}));

swath.typeColour = (type) => ({ star: "#4cc2ff", exp: "#ffd43b", dev: "#ff922b", sersic: "#f783ac", "not fitted": "#ff6b6b" }[type] ?? "#ced4da");

// An order of rows in which missing values come last, whichever way the others go.
swath.order = (rows, column, ascending) => {
  const { values, kind } = column, sign = ascending ? 1 : -1;
  if (kind !== "text") {
    return rows.sort((a, b) => {
      const p = values[a], q = values[b], gapP = p !== p, gapQ = q !== q;
      return gapP || gapQ ? gapP - gapQ || a - b : sign * (p - q) || a - b;
    });
  }
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return rows.sort((a, b) => (values[a] === "" || values[b] === ""
    ? (values[a] === "") - (values[b] === "") || a - b : sign * compare(values[a], values[b]) || a - b));
};

swath.start = async () => {
  const { element } = swath;
  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = swath.columns(data.columns), count = columns.get("ID").values.length;
  for (const name of ["sheet", "slot", "ends"]) data.stamps[name] = swath.read(data.stamps[name]);
  const [views] = await Bokeh.embed.embed_items({ page: data.plots }, [{ docid: "page", roots: data.roots, root_ids: Object.keys(data.roots) }]);
  const documentOf = views.roots[0].model.document, model = (name) => documentOf.get_model_by_name(name);
  const [rows, filter, plot, grid] = ["rows", "filter", "plot", "grid"].map(model);
  const sky = swath.sky(...data.picture.extent, data.sky.nodes, swath.read(data.sky));
  const view = swath.view(data, plot, sky);
  const detail = swath.detail(data, columns, sky, { plot: model("sed"), source: model("points"), axis: model("sed_y") });
  const x = columns.get("x").values, y = columns.get("y").values;
  const visible = new Uint8Array(count).fill(1);
  let selected = -1, selecting = false;
  swath.ruler(view, plot, sky);

  // Colours.
  const types = columns.get("type").values, flagged = columns.get("fit_flags").values;
  const shapes = types.map((type) => (type === "not fitted" ? "x" : "circle"));
  function tones(mode) {
    if (mode === "type") return [[...new Set(types)].sort().map((type) => [type, swath.typeColour(type)]), (row) => types[row]];
    const names = data.flags.filter((flag) => flag.name === mode);
    if (!names.length) return [[["no flag", "#69db7c"], ["flagged", "#ffa94d"], ["not fitted", "#ff6b6b"]], (row) => (types[row] === "not fitted" ? "not fitted" : flagged[row] ? "flagged" : "no flag")];
    return [[[mode, "#ff6b6b"], ["without", "#a5d8ff"]], (row) => (flagged[row] & names[0].bit ? mode : "without")];
  }
  function colours(mode) {
    const [legend, group] = tones(mode), paint = new Map(legend), groups = Array.from({ length: count }, (_, row) => group(row));
    const number = new Map(legend.map(([name]) => [name, 0]));
    for (const name of groups) number.set(name, number.get(name) + 1);
    document.getElementById("legend").replaceChildren(...legend.filter(([name]) => number.get(name)).map(([name, colour]) => element("span", {}, element("i", { style: { "--tone": colour } }), `${name} ${number.get(name)}`)));
    return groups.map((name) => paint.get(name));
  }
  const paint = (mode) => { model("marks").data = { x, y, shape: shapes, colour: colours(mode) }; };

  // The table's order is ours: Bokeh's own puts missing values first when it goes down.
  const tableView = views.roots.find((root) => root.model === grid);
  function ownOrder() {
    const { data: table } = tableView;
    if (!table || table.sw_own) return;
    table.sw_own = true;
    table.sort = (by) => {
      table.index.sort((a, b) => a - b);
      for (const { sortCol, sortAsc } of [...by].reverse()) swath.order(table.index, columns.get(sortCol.field), sortAsc);
    };
  }

  // Selection.
  function select(row, from) {
    if (row === selected && from !== "again") return;
    selected = row;
    selecting = true;
    if (row < 0) {
      rows.selected.indices = [];
      detail.hide();
    } else {
      if (from !== "table") {
        rows.selected.indices = visible[row] ? [row] : [];
        if (visible[row]) tableView.grid.scrollRowIntoView(tableView.data.index.indexOf(row), false);
      }
      if (from !== "picture" && Number.isFinite(x[row] + y[row])) view.centre(x[row], y[row]);
      detail.show(row);
    }
    model("chosen").data = row < 0 || !Number.isFinite(x[row] + y[row]) ? { x: [], y: [] } : { x: [x[row]], y: [y[row]] };
    selecting = false;
  }
  rows.selected.properties.indices.change.connect(() => {
    const { indices } = rows.selected;
    if (!selecting && indices.length) select(indices[indices.length - 1], "table");
  });
  function step(by) {
    const order = tableView.data.index, at = order.indexOf(selected);
    const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), order.length - 1);
    if (order.length) select(order[next], "keys");
  }

  // Filter.
  const input = document.getElementById("filter"), message = document.getElementById("message");
  const tell = (passed) => { document.getElementById("count").textContent = `${passed.toLocaleString("en")} of ${count.toLocaleString("en")} sources`; };
  function apply() {
    let test;
    try {
      test = swath.filter.compile(input.value, columns, data.flags);
    } catch (mistake) {
      if (!(mistake instanceof swath.filter.Mistake)) throw mistake;
      message.textContent = mistake.message;
      input.setAttribute("aria-invalid", "true");
      return;
    }
    message.textContent = "";
    input.removeAttribute("aria-invalid");
    const passed = [];
    for (let row = 0; row < count; row++) {
      visible[row] = test === null || test(row) ? 1 : 0;
      if (visible[row]) passed.push(row);
    }
    filter.indices = passed;
    tell(passed.length);
    if (selected >= 0) rows.selected.indices = visible[selected] ? [selected] : [];
  }
  let waiting = 0;
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { clearTimeout(waiting); apply(); }
    if (event.key === "Escape") { input.value = ""; apply(); input.blur(); }
  });

  // The pointer over the picture: what lies under it, and a click that is no drag.
  const box = document.getElementById("sky"), readout = document.getElementById("readout"), tip = document.getElementById("tip");
  const pixel = (event) => {
    const { left, top } = box.getBoundingClientRect();
    return [plot.x_range.start + (event.clientX - left) / view.scale(), plot.y_range.end - (event.clientY - top) / view.scale()];
  };
  function nearest(px, py, reach = 14) {
    let best = -1, least = (reach / view.scale()) ** 2;
    for (let row = 0; row < count; row++) {
      const apart = (x[row] - px) ** 2 + (y[row] - py) ** 2;
      if (visible[row] && apart < least) [best, least] = [row, apart];
    }
    return best;
  }
  box.addEventListener("pointermove", (event) => {
    const [px, py] = pixel(event), [ra, dec] = sky.place(px, py), row = nearest(px, py);
    readout.textContent = `RA ${ra.toFixed(6)}  DEC ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(6)}   ${sky.sexagesimal(ra, dec)}   x ${px.toFixed(1)}  y ${py.toFixed(1)}`;
    tip.hidden = row < 0;
    box.classList.toggle("over", row >= 0);
    if (row < 0) return;
    const [left, top] = view.toScreen(x[row], y[row]);
    tip.textContent = [columns.get("ID").values[row], types[row], columns.get("flags").values[row]].filter(Boolean).join(" · ");
    tip.style.transform = `translate(${left + 12}px, ${top + 12}px)`;
  });
  box.addEventListener("pointerleave", () => { tip.hidden = true; readout.textContent = ""; });
  let pressed = null;
  box.addEventListener("pointerdown", (event) => { pressed = event.button === 0 ? [event.clientX, event.clientY] : null; }, true);
  box.addEventListener("pointerup", (event) => {
    if (pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4) select(nearest(...pixel(event)), "picture");
    pressed = null;
  }, true);
  view.onChange((pixels) => {
    const size = Math.min(Math.max(7, 9 * pixels), 34);
    model("markers").glyph.size = { value: size };
    model("ring").glyph.size = { value: size + 12 };
  });

  // Buttons and keys.
  const click = (id, action) => document.getElementById(id).addEventListener("click", action);
  click("reset", view.reset);
  click("nearer", () => view.zoom(1.5));
  click("farther", () => view.zoom(1 / 1.5));
  click("export", () => swath.save(`${data.tile}_ids.csv`, swath.csv(columns, tableView.data.index)));
  click("help", () => document.getElementById("guide").showModal());
  click("back", () => select(-1));
  for (const button of document.querySelectorAll("#unit button")) {
    button.addEventListener("click", () => { detail.setUnit(button.value); detail.show(selected); });
  }
  const colour = document.getElementById("colour");
  colour.addEventListener("change", () => paint(colour.value));
  document.getElementById("marked").addEventListener("change", (event) => { model("markers").visible = event.target.checked; });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input, select, dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = { ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1), PageDown: () => step(10), PageUp: () => step(-10),
      Home: () => step(-count), End: () => step(count), Escape: () => select(-1), "/": () => input.focus(), r: view.reset, "+": () => view.zoom(1.5), "-": () => view.zoom(1 / 1.5) }[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }, true);

  swath.overview(data, columns, (text) => { input.value = text; apply(); });
  rows.data = Object.fromEntries(data.shown.map((name) => [name, columns.get(name).values]));
  paint(colour.value);
  apply();
  ownOrder();
  await document.getElementById("image").decode().catch(() => {});
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  document.body.dataset.ready = String(Math.round(performance.now()));
  Object.assign(swath, { page: { data, columns, view, select, apply, rows, filter, tableView, plot } });
};

swath.csv = (columns, order) => {
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const names = ["ID", "RA", "DEC"], held = names.map((name) => columns.get(name).values);
  const line = (row) => held.map((values) => (Number.isNaN(values[row]) ? "" : quoted(String(values[row])))).join(",");
  return [names.join(","), ...order.map(line)].join("\r\n") + "\r\n";
};

swath.save = (name, text) => {
  const link = swath.element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// What the panel says while no source is chosen: how many of each kind; each line is a filter.
swath.overview = (data, columns, filter) => {
  const { element } = swath, { values: flags } = columns.get("fit_flags");
  const line = (name, number, text, title = "") => element("button", { onclick: () => filter(text), title }, element("span", {}, name), element("b", {}, number.toLocaleString("en")));
  const groups = (name) => {
    const number = new Map();
    for (const value of columns.get(name).values) number.set(value, (number.get(value) ?? 0) + 1);
    return [...number].sort((a, b) => b[1] - a[1]).map(([value, n]) => line(value, n, `${name} = "${value}"`));
  };
  const set = data.flags.map((flag) => [flag, flags.reduce((sum, value) => sum + ((value & flag.bit) !== 0), 0)]).filter(([, n]) => n);
  document.getElementById("overview").append(
    element("section", {}, element("h3", {}, "Type"), ...groups("type")),
    element("section", {}, element("h3", {}, "Status"), ...groups("status")),
    element("section", {}, element("h3", {}, "Flags"), ...(set.length ? set.sort((a, b) => b[1] - a[1]).map(([flag, n]) => line(flag.name, n, `flag ${flag.name}`, flag.meaning)) : [element("p", { className: "quiet" }, "none is set")])));
  const select = document.getElementById("colour");
  for (const [flag] of set) select.append(element("option", { value: flag.name }, `flag ${flag.name}`));
};

swath.start();
