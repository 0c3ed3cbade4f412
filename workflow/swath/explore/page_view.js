// The picture and its markers: one linear map from pixels to the screen, set by Bokeh's ranges and followed by the image.
swath.view = (data, plot, sky) => {
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
    const before = size[0] ? size[0] / (plot.x_range.end - plot.x_range.start) : 0, fit = !size[0] || before < 1.05 * Math.min(size[0] / (right - left), size[1] / (top - bottom));
    size = [width(), height()];
    if (fit) reset(); else set(...middle(), before);
  }
  for (const range of [plot.x_range, plot.y_range]) range.change.connect(follow);
  plot.properties.inner_width.change.connect(resized);
  plot.properties.inner_height.change.connect(resized);
  resized();
  return { reset, zoom, centre, scale, toScreen, onChange: (listener) => { listeners.push(listener); listener(scale()); } };
};

// Scale bar and compass over the picture.
swath.ruler = (view, plot, sky) => {
  const bar = document.getElementById("bar"), compass = document.getElementById("compass");
  view.onChange((pixels) => {
    const { scale, north, east } = sky.local((plot.x_range.start + plot.x_range.end) / 2, (plot.y_range.start + plot.y_range.end) / 2);
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
