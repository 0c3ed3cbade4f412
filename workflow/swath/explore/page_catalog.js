// What can be done with the whole catalogue: saving IDs, and a list of what is in it.
swath.csv = (columns, order) => {
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const names = ["ID", "RA", "DEC"], held = names.map((name) => columns.get(name).values);
  const line = (row) => held.map((values) => (Number.isNaN(values[row]) ? "" : quoted(String(values[row])))).join(",");
  return `${[names.join(","), ...order.map(line)].join("\r\n")}\r\n`;
};

swath.save = (name, text) => {
  const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  swath.element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
};

// Shown while no source is chosen: how many sources of each kind there are; each line is a filter.
swath.overview = (data, columns, filter) => {
  const { element } = swath, bits = columns.get("fit_flags").values;
  const line = (name, number, text, title = "") => element("button", { onclick: () => filter(text), title },
    element("span", {}, name), element("b", {}, number.toLocaleString("en")));
  const kinds = (name) => {
    const number = new Map();
    for (const value of columns.get(name).values) number.set(value, (number.get(value) ?? 0) + 1);
    return [...number].sort((a, b) => b[1] - a[1]).map(([value, n]) => line(value, n, `${name} = "${value}"`));
  };
  const counted = data.flags.map((flag) => [flag, bits.reduce((sum, value) => sum + ((value & flag.bit) !== 0), 0)]);
  const set = counted.filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
  const flags = set.map(([flag, n]) => line(flag.name, n, `flag ${flag.name}`, flag.meaning));
  const none = element("p", { className: "quiet" }, "none is set");
  const section = (name, ...lines) => element("section", {}, element("h3", {}, name), ...lines);
  document.getElementById("overview").append(section("Type", ...kinds("type")), section("Status", ...kinds("status")),
    section("Flags", ...(flags.length ? flags : [none])));
  const choice = document.getElementById("colour");
  for (const [flag] of set) choice.append(element("option", { value: flag.name }, `flag ${flag.name}`));
};
