// Pictures of rows × columns values on the canvas under a drawing, pixel by pixel: blue where
// positive, orange where negative, or all grey. It stands on heat_map.js, whose canvas and colours
// it uses. And controls that several figures on pictures share.

const GREYS = new Uint32Array(
  Uint8ClampedArray.from({ length: 4 * 256 }, (_, i) =>
    i % 4 === 3 ? Math.abs((i >> 2) - 127.5) : GREY[i % 4],
  ).buffer,
);

function gallery(drawing, width, height) {
  const { clear } = underlay(drawing, width, height);
  const context = drawing.previousElementSibling.getContext("2d");
  context.imageSmoothingEnabled = false;
  const rooms = new Map();
  const roomOf = (rows, columns) => {
    const key = `${rows} × ${columns}`;
    if (!rooms.has(key)) {
      const canvas = Object.assign(html("canvas"), { width: columns, height: rows });
      const inside = canvas.getContext("2d");
      const image = inside.createImageData(columns, rows);
      rooms.set(key, { canvas, inside, image, colours: new Uint32Array(image.data.buffer) });
    }
    return rooms.get(key);
  };

  // values[start], values[start + 1], … row by row; ±`most` and beyond have the full colour
  const picture = (values, part, x, y, w, h = w) => {
    const { start = 0, rows, columns = rows, most = 1, palette = COLOURS } = part;
    const room = roomOf(rows, columns);
    for (let i = 0; i < rows * columns; i++) {
      const share = clamp(values[start + i] / most, -1, 1);
      room.colours[i] = palette[Math.round(127.5 * (share + 1))];
    }
    room.inside.putImageData(room.image, 0, 0);
    context.drawImage(room.canvas, x, y, w, h);
  };
  return { clear, picture };
}

// A line of text in the drawing, small unless told.
const line = (x, y, words = "", kind = "small", anchor = "start") =>
  svg("text", { x, y, class: kind, "text-anchor": anchor }, words);

const box = (x, y, w, h, kind = "grid") =>
  svg("rect", { x, y, width: w, height: h, class: kind, fill: "none" });

const patches = (count) => Array.from({ length: count }, (_, at) => at);

// A label for those who do not see the figure, around the control that it names.
const UNSEEN = "position: absolute; width: 1px; overflow: hidden; clip-path: inset(50%)";
const hiddenLabel = (words, control) =>
  html("label", {}, html("span", { style: UNSEEN }, words), control);

// The look of a field for a number, which figure.css leaves to the browser.
const FIELD =
  "font: inherit; color: inherit; background: var(--paper); padding: 0 0.3em; " +
  "border: 1px solid color-mix(in srgb, currentColor 55%, transparent); border-radius: 6px; ";

// A slider over the units of something whose size changes: `now`, `high` and `text` ask the state.
function unitSlider(model, key, { label, low = 0, high, now, text }) {
  const made = slider(model, key, { label, min: low, max: 99, step: 1 });
  const [, input, value] = made.nodes;
  const show = (state) => {
    input.max = high(state);
    input.value = now(state);
    value.textContent = text(state);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  return { ...made, show };
}

// A value with a button either side; `now`, `high` and `text` ask the state.
function stepper(model, key, { label = key, low = 0, high, now = () => model.get(key), text }) {
  const value = html("b");
  let state = null;
  const button = (sign, by, name) => {
    const names = { "aria-label": `${name} ${label}`, "data-step": `${key} ${by}` };
    const node = html("button", { type: "button", ...names }, sign);
    const step = () => write(model, key, clamp(now(state) + by, low, high(state)));
    node.addEventListener("click", step);
    return node;
  };
  const [less, more] = [button("−", -1, "less"), button("+", 1, "more")];
  const show = (current) => {
    state = current;
    value.textContent = text?.(state) ?? now(state);
    less.disabled = now(state) <= low;
    more.disabled = now(state) >= high(state);
  };
  return { node: html("span", { class: "stepper" }, label, less, value, more), show };
}

const steppers = (all) => ({
  nodes: [html("div", { class: "ticks" }, ...all.map(({ node }) => node))],
  show: (state) => all.forEach(({ show }) => show(state)),
});
