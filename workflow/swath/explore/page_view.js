// The picture and its markers: one linear map from pixels to the screen, that Bokeh's ranges set and the image follows.
swath.view = (data, plot) => {
  const image = document.getElementById("image"), box = document.getElementById("sky");
  const [left, right, bottom, top] = data.picture.extent;
  const width = () => plot.inner_width || box.clientWidth, height = () => plot.inner_height || box.clientHeight;
  const scale = () => width() / (plot.x_range.end - plot.x_range.start);
  const listeners = [];

  function set(x, y, pixels) {
    const [w, h] = [width() / pixels / 2, height() / pixels / 2];
    plot.x_range.setv({ start: x - w, end: x + w });
    plot.y_range.setv({ start: y - h, end: y + h });
    follow();
  }
  const whole = () => Math.min(width() / (right - left), height() / (top - bottom));
  const reset = () => set((left + right) / 2, (bottom + top) / 2, whole());
  const middle = () => [(plot.x_range.start + plot.x_range.end) / 2, (plot.y_range.start + plot.y_range.end) / 2];
  const isWhole = () => scale() < 1.05 * whole();
  function zoom(factor) { set(...middle(), scale() * factor); }
  // From the whole field to the surroundings of the source; otherwise the zoom stays as it is.
  function centre(x, y) { set(x, y, isWhole() ? Math.max(whole(), Math.min(width(), height()) / 200) : scale()); }
  const toScreen = (x, y) => [(x - plot.x_range.start) * scale(), (plot.y_range.end - y) * scale()];

  let last = "";
  function follow() {
    const now = [plot.x_range.start, plot.x_range.end, plot.y_range.end, width(), height()].join();
    if (now === last) return;
    last = now;
    const pixels = scale(), [x, y] = toScreen(left, top);
    image.style.width = `${(right - left) * pixels}px`;
    image.style.height = `${(top - bottom) * pixels}px`;
    image.style.transform = `translate(${x}px, ${y}px)`;
    image.style.imageRendering = pixels * data.picture.block > 2 ? "pixelated" : "auto";
    for (const listener of listeners) listener(pixels);
  }
  // Bokeh changes one range after the other, and resizes without asking: keep pixels square around the middle.
  let size = [0, 0];
  function resized() {
    if (size[0] === width() && size[1] === height()) return;
    const before = size[0] / (plot.x_range.end - plot.x_range.start);
    const fit = before < 1.05 * Math.min(size[0] / (right - left), size[1] / (top - bottom)) || !size[0];
    size = [width(), height()];
    if (fit) reset(); else set(...middle(), before);
  }
  for (const range of [plot.x_range, plot.y_range]) range.change.connect(follow);
  plot.properties.inner_width.change.connect(resized);
  plot.properties.inner_height.change.connect(resized);
  resized();
  function onChange(listener) {
    listeners.push(listener);
    listener(scale());
  }
  return { reset, zoom, centre, middle, scale, toScreen, onChange };
};

// Scale bar and compass over the picture.
swath.ruler = (view, sky) => {
  const bar = document.getElementById("bar"), compass = document.getElementById("compass");
  view.onChange((pixels) => {
    const { scale, north, east } = sky.local(...view.middle());
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];
    const length = steps.findLast((step) => (step / scale) * pixels <= 140) ?? steps[0];
    bar.style.width = `${(length / scale) * pixels}px`;
    bar.textContent = length < 60 ? `${length}″` : `${length / 60}′`;
    for (const [name, [x, y]] of [["north", north], ["east", east]]) {
      compass.querySelector(`.${name} line`).setAttribute("x2", 22 * x);
      compass.querySelector(`.${name} line`).setAttribute("y2", -22 * y);
      compass.querySelector(`.${name} text`).setAttribute("x", 30 * x);
      compass.querySelector(`.${name} text`).setAttribute("y", -30 * y);
    }
  });
};

// The pointer over the picture: what lies under it, and a click that is no drag.
swath.pointer = (app) => {
  const { plot, view, sky, x, y, types, columns, visible } = app;
  const [box, readout, tip] = ["sky", "readout", "tip"].map((id) => document.getElementById(id));
  const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(6)}`;
  function pixel(event) {
    const { left, top } = box.getBoundingClientRect(), scale = view.scale();
    return [plot.x_range.start + (event.clientX - left) / scale, plot.y_range.end - (event.clientY - top) / scale];
  }
  function nearest(px, py, reach = 14) {
    let best = -1, least = (reach / view.scale()) ** 2;
    for (let row = 0; row < app.count; row++) {
      const apart = (x[row] - px) ** 2 + (y[row] - py) ** 2;
      if (visible[row] && apart < least) [best, least] = [row, apart];
    }
    return best;
  }
  function hover(event) {
    const [px, py] = pixel(event), [ra, dec] = sky.place(px, py), row = nearest(px, py);
    const place = `RA ${ra.toFixed(6)}  DEC ${signed(dec)}   ${sky.sexagesimal(ra, dec)}`;
    readout.textContent = `${place}   x ${px.toFixed(1)}  y ${py.toFixed(1)}`;
    tip.hidden = row < 0;
    box.classList.toggle("over", row >= 0);
    if (row < 0) return;
    const [left, top] = view.toScreen(x[row], y[row]);
    const words = [columns.get("ID").values[row], types[row], columns.get("flags").values[row]];
    tip.textContent = words.filter(Boolean).join(" · ");
    tip.style.transform = `translate(${left + 12}px, ${top + 12}px)`;
  }
  let pressed = null;
  function release(event) {
    const still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4;
    if (still) app.select(nearest(...pixel(event)), "picture");
    pressed = null;
  }
  box.addEventListener("pointermove", hover);
  box.addEventListener("pointerleave", () => { tip.hidden = true; readout.textContent = ""; });
  const press = (event) => { pressed = event.button === 0 ? [event.clientX, event.clientY] : null; };
  box.addEventListener("pointerdown", press, true);
  box.addEventListener("pointerup", release, true);
  view.onChange((pixels) => {
    const size = Math.min(Math.max(7, 9 * pixels), 34);
    app.model("markers").glyph.size = { value: size };
    app.model("ring").glyph.size = { value: size + 12 };
  });
};
