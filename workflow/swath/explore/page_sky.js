// Where a pixel lies on the sky, and how that is written.
swath.sky = (left, right, bottom, top, nodes, vectors) => {
  const at = (row, column, axis) => vectors[(row * nodes + column) * 3 + axis];

  // Unit vector at a pixel: linear between the nodes, and beyond the outer ones.
  function direction(x, y) {
    const u = ((x - left) / (right - left)) * (nodes - 1), v = ((y - bottom) / (top - bottom)) * (nodes - 1);
    const i = Math.min(Math.max(Math.floor(u), 0), nodes - 2), j = Math.min(Math.max(Math.floor(v), 0), nodes - 2);
    const p = u - i, q = v - j;
    const out = [0, 1, 2].map((k) => (1 - q) * ((1 - p) * at(j, i, k) + p * at(j, i + 1, k))
      + q * ((1 - p) * at(j + 1, i, k) + p * at(j + 1, i + 1, k)));
    const norm = Math.hypot(...out);
    return out.map((value) => value / norm);
  }
  function place(x, y) {
    const [a, b, c] = direction(x, y);
    return [((Math.atan2(b, a) * 180) / Math.PI + 360) % 360, (Math.atan2(c, Math.hypot(a, b)) * 180) / Math.PI];
  }
  // Arcseconds per pixel and the direction of north (unit vector in x, y) near a pixel.
  function local(x, y) {
    const [ra, dec] = place(x, y), step = (right - left) / 100;
    const shift = (dx, dy) => {
      const [r, d] = place(x + dx, y + dy);
      return [((r - ra + 540) % 360 - 180) * Math.cos((dec * Math.PI) / 180) * 3600 / step, (d - dec) * 3600 / step];
    };
    const [ex, nx] = shift(step, 0), [ey, ny] = shift(0, step);
    const scale = Math.sqrt(Math.abs(ex * ny - ey * nx)), size = Math.hypot(nx, ny), wide = Math.hypot(ex, ey);
    return { scale, north: [nx / size, ny / size], east: [ex / wide, ey / wide] };
  }
  function sexagesimal(ra, dec) {
    const split = (value, digits) => {
      const units = Math.round(value * 3600 * 10 ** digits), base = 10 ** digits;
      const pad = (n) => String(n).padStart(2, "0");
      const seconds = ((units % (60 * base)) / base).toFixed(digits).padStart(digits + 3, "0");
      return `${pad(Math.floor(units / (3600 * base)))}:${pad(Math.floor(units / (60 * base)) % 60)}:${seconds}`;
    };
    return `${split(ra / 15, 3)} ${dec < 0 ? "−" : "+"}${split(Math.abs(dec), 2)}`;
  }
  return { place, local, sexagesimal };
};
