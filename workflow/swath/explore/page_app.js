// Everything together: table, picture and panel on one selection and one filter.
swath.app = (data, columns, views) => {
  const { document: plots } = views.roots[0].model, model = (name) => plots.get_model_by_name(name);
  const [rows, filter, plot, grid] = ["rows", "filter", "plot", "grid"].map(model);
  const sky = swath.sky(...data.picture.extent, data.sky.nodes, swath.read(data.sky));
  const sed = { plot: model("sed"), source: model("points"), axis: model("sed_y") };
  const [x, y, types] = ["x", "y", "type"].map((name) => columns.get(name).values);
  const view = swath.view(data, plot), tableView = views.roots.find((root) => root.model === grid);
  const app = { data, columns, model, rows, filter, plot, sky, view, tableView, x, y, types, selected: -1 };
  app.count = types.length;
  app.visible = new Uint8Array(app.count).fill(1);
  app.detail = swath.detail(data, columns, sky, sed);
  return app;
};

// The table's order is ours: Bokeh's own puts missing values first when it goes down.
swath.ownOrder = ({ tableView, columns }) => {
  const { data: table } = tableView;
  table.sort = (by) => {
    table.index.sort((a, b) => a - b);
    for (const { sortCol, sortAsc } of [...by].reverse()) {
      swath.order(table.index, columns.get(sortCol.field), sortAsc);
    }
  };
};

swath.painter = (app) => (mode) => {
  const { element } = swath, { types, data, columns } = app;
  const [legend, group] = swath.groups(mode, types, columns.get("fit_flags").values, data.flags);
  const colours = new Map(legend), number = new Map(legend.map(([name]) => [name, 0])), names = [];
  for (let row = 0; row < app.count; row++) {
    names.push(group(row));
    number.set(names[row], number.get(names[row]) + 1);
  }
  const dot = (colour) => element("i", { style: { "--tone": colour } });
  const entries = legend.filter(([name]) => number.get(name));
  document.getElementById("legend").replaceChildren(
    ...entries.map(([name, colour]) => element("span", {}, dot(colour), `${name} ${number.get(name)}`)));
  const shape = Array.from(types, (type) => (type === NOT_FITTED ? "x" : "circle"));
  app.model("marks").data = { x: app.x, y: app.y, shape, colour: names.map((name) => colours.get(name)) };
};

// One source is chosen, or none (-1), by the table, the picture, a key or a script.
swath.selector = (app) => {
  const { rows, x, y, visible, tableView, view, detail } = app;
  let busy = false;
  function inTable(row) {
    rows.selected.indices = row >= 0 && visible[row] ? [row] : [];
    if (row >= 0 && visible[row]) tableView.grid.scrollRowIntoView(tableView.data.index.indexOf(row), false);
  }
  function select(row, from) {
    if (row === app.selected) return;
    app.selected = row;
    const placed = row >= 0 && Number.isFinite(x[row] + y[row]);
    busy = true;
    if (from !== "table") inTable(row);
    if (placed && from !== "picture") view.centre(x[row], y[row]);
    if (row >= 0) detail.show(row); else detail.hide();
    app.model("chosen").data = placed ? { x: [x[row]], y: [y[row]] } : { x: [], y: [] };
    busy = false;
  }
  rows.selected.properties.indices.change.connect(() => {
    const { indices } = rows.selected;
    if (!busy && indices.length) select(indices[indices.length - 1], "table");
  });
  // Through the sources as the table has them.
  function step(by) {
    const order = tableView.data.index, at = order.indexOf(app.selected);
    const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), order.length - 1);
    if (order.length) select(order[next], "keys");
  }
  return { select, step };
};

swath.filtering = (app) => {
  const { columns, data, visible, count, rows, filter } = app;
  const [input, message, hint] = ["filter", "message", "hint"].map((id) => document.getElementById(id));
  let shown = "";
  const said = (number) => number.toLocaleString("en");
  function compiled() {
    try {
      const { test, used } = swath.filter.compile(input.value, columns, data.flags);
      message.textContent = "";
      hint.textContent = swath.hints.started(used, columns);
      shown = input.value.trim();
      input.removeAttribute("aria-invalid");
      return [test];
    } catch (mistake) {
      if (!(mistake instanceof swath.filter.Mistake)) throw mistake;
      message.textContent = `${mistake.message} · still shown: ${shown || "all sources"}`;
      hint.textContent = "";
      input.setAttribute("aria-invalid", "true");
      return [];
    }
  }
  function apply() {
    for (const test of compiled()) {
      const passed = [];
      for (let row = 0; row < count; row++) {
        visible[row] = test === null || test(row) ? 1 : 0;
        if (visible[row]) passed.push(row);
      }
      filter.indices = passed;
      document.getElementById("count").textContent = `${said(passed.length)} of ${said(count)} sources`;
      if (app.selected >= 0) rows.selected.indices = visible[app.selected] ? [app.selected] : [];
    }
  }
  let waiting = 0;
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; input.blur(); }
    if (event.key === "Enter" || event.key === "Escape") { clearTimeout(waiting); apply(); }
  });
  return { apply, set: (text) => { input.value = text; apply(); } };
};

// Buttons and keys.
swath.controls = (app) => {
  const { view, detail, step, select, paint } = app, input = document.getElementById("filter");
  const on = (id, event, action) => document.getElementById(id).addEventListener(event, action);
  on("reset", "click", view.reset);
  on("nearer", "click", () => view.zoom(1.5));
  on("farther", "click", () => view.zoom(1 / 1.5));
  on("export", "click", () => swath.save(`${app.data.tile}_ids.csv`, swath.csv(app.columns, app.tableView.data.index)));
  on("help", "click", () => document.getElementById("guide").showModal());
  on("back", "click", () => select(-1));
  on("colour", "change", (event) => paint(event.target.value));
  on("marked", "change", (event) => { app.model("markers").visible = event.target.checked; });
  for (const button of document.querySelectorAll("#unit button")) {
    button.addEventListener("click", () => { detail.setUnit(button.value); detail.show(app.selected); });
  }
  const keys = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1),
    PageDown: () => step(10), PageUp: () => step(-10), Home: () => step(-app.count), End: () => step(app.count),
    Escape: () => select(-1), "/": () => input.focus(),
    r: view.reset, "+": () => view.zoom(1.5), "-": () => view.zoom(1 / 1.5),
  };
  document.addEventListener("keydown", (event) => {
    const action = keys[event.key], typing = event.target.closest?.("input, select, dialog[open]");
    if (!action || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }, true);
};

swath.start = async () => {
  const data = JSON.parse(document.getElementById("data").textContent), columns = swath.columns(data.columns);
  for (const name of ["sheet", "slot", "ends"]) data.stamps[name] = swath.read(data.stamps[name]);
  const item = { docid: "page", roots: data.roots, root_ids: Object.keys(data.roots) };
  const [views] = await Bokeh.embed.embed_items({ page: data.plots }, [item]);
  const app = swath.app(data, columns, views);
  const filtering = swath.filtering(app);
  Object.assign(app, swath.selector(app), { apply: filtering.apply, paint: swath.painter(app) });
  swath.ruler(app.view, app.sky);
  swath.pointer(app);
  swath.controls(app);
  swath.overview(data, columns, filtering.set);
  app.rows.data = Object.fromEntries(data.shown.map((name) => [name, columns.get(name).values]));
  app.paint(document.getElementById("colour").value);
  filtering.apply();
  swath.ownOrder(app);
  await document.getElementById("image").decode().catch(() => {});
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  swath.page = app;
  document.body.dataset.ready = String(Math.round(performance.now()));
};

swath.start();
