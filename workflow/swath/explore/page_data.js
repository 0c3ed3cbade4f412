// The page's data: columns as they were packed, orders of rows, and colours of markers.
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

// An order of rows in which missing values come last, whichever way the others go.
swath.order = (rows, column, ascending) => {
  const { values, kind } = column, sign = ascending ? 1 : -1;
  const { compare } = new Intl.Collator("en", { numeric: true });
  const missing = kind === "text" ? (row) => values[row] === "" : (row) => Number.isNaN(values[row]);
  const apart = kind === "text" ? (a, b) => compare(values[a], values[b]) : (a, b) => values[a] - values[b];
  return rows.sort((a, b) => {
    const gapA = missing(a), gapB = missing(b);
    return gapA || gapB ? gapA - gapB || a - b : sign * apart(a, b) || a - b;
  });
};

const NOT_FITTED = "not fitted";
const TYPE_COLOURS = { star: "#4cc2ff", exp: "#ffd43b", dev: "#ff922b", sersic: "#f783ac", [NOT_FITTED]: "#ff6b6b" };
swath.typeColour = (type) => TYPE_COLOURS[type] ?? "#ced4da";

// Groups of sources by type, by whether any flag is set, or by one flag: [name, colour] of each, and who is in which.
swath.groups = (mode, types, bits, flags) => {
  if (mode === "type") {
    return [[...new Set(types)].sort().map((type) => [type, swath.typeColour(type)]), (row) => types[row]];
  }
  const flag = flags.find((one) => one.name === mode);
  if (flag) {
    return [[[mode, "#ff6b6b"], ["without", "#a5d8ff"]], (row) => (bits[row] & flag.bit ? mode : "without")];
  }
  const legend = [["no flag", "#69db7c"], ["flagged", "#ffa94d"], [NOT_FITTED, "#ff6b6b"]];
  const unfitted = (row) => types[row] === NOT_FITTED;
  return [legend, (row) => (unfitted(row) ? NOT_FITTED : bits[row] ? "flagged" : "no flag")];
};
