// A stack of layers along one axis, the paths from a unit down to the input, and its field in two.

const DIGIT = 28; // pixels along an edge of the digit that the input holds in its middle

// What does not depend on the unit: sizes of the fields, jumps, and units of every layer.
function stack(layers) {
  const fields = [1];
  const jumps = [1];
  layers.forEach(([kernel, stride, dilation], l) => {
    fields.push(fields[l] + dilation * (kernel - 1) * jumps[l]);
    jumps.push(jumps[l] * stride);
  });
  const top = layers.length;
  const counts = [Math.max(DIGIT, fields[top] + 6 * jumps[top])];
  layers.forEach(([kernel, stride, dilation], l) =>
    counts.push(Math.floor((counts[l] - dilation * (kernel - 1) - 1) / stride) + 1),
  );
  return { fields, jumps, counts };
}

// How many paths lead from a unit to each one below it, layer by layer down to the input; each list
// begins at unit `from` of its layer.
function pathsDown(layers, depth, unit) {
  const reached = [];
  reached[depth] = { from: unit, paths: [1] };
  for (let l = depth; l > 0; l--) {
    const [kernel, stride, dilation] = layers[l - 1];
    const { from, paths } = reached[l];
    const below = new Array((paths.length - 1) * stride + (kernel - 1) * dilation + 1).fill(0);
    paths.forEach((count, j) => {
      for (let k = 0; k < kernel; k++) below[j * stride + k * dilation] += count;
    });
    reached[l - 1] = { from: from * stride, paths: below };
  }
  return reached;
}

function compute(model) {
  const layers = model.get("layers");
  const { fields, jumps, counts } = stack(layers);
  const depth = Math.min(model.get("depth"), layers.length);
  const unit = Math.min(model.get("unit"), counts[depth] - 1);
  const reached = pathsDown(layers, depth, unit);
  const { from, paths } = reached[0];
  const middle = (paths.length - 1) / 2;
  const variance = sum(paths.map((count, at) => count * (at - middle) ** 2)) / sum(paths);
  const state = {
    ...{ fields, jumps, counts, unit: [depth, unit], first: from, paths },
    spread: Math.sqrt(variance),
    layers,
  };
  Object.defineProperty(state, "reached", { value: reached }); // the drawing needs it too
  return state;
}

// ---- drawing -------------------------------------------------------------------------------

const [TOP, BOTTOM] = [22, 322]; // of the topmost and the lowest row
const WIDEST = 95; // from one layer to the next at most
const STRIP = 15; // the height of a layer's units
const FINEST = 150; // cells along an edge of the field's picture at most

const stackHeight = BOTTOM + STRIP + 6;
const sideOf = (width) => Math.min(300, width - 2);

function build(drawing, width, height, model) {
  const { clear, picture } = gallery(drawing, width, height);
  const wide = width >= 600;
  const room = wide ? width - sideOf(width) - 24 : width;
  const drawStack = buildStack(drawing, { width: room, model });
  const corner = wide ? { left: room + 24, top: 22 } : { left: 0, top: stackHeight + 38 };
  const drawField = buildField(drawing, picture, { ...corner, size: sideOf(width), model });
  return (state) => {
    clear();
    drawStack(state);
    drawField(state);
  };
}

function buildStack(drawing, { width, model }) {
  const rows = patches(MOST_LAYERS + 1).map(() => ({
    idle: svg("path", { class: "grid" }),
    busy: svg("g"),
    name: line(0, 0, "", "small halo"),
    size: line(width, 0, "", "small strong halo", "end"),
  }));
  const fans = svg("path", { class: "curve blue", style: "stroke-width: 1; opacity: 0.4" });
  const chosen = svg("rect", { class: "curve green", fill: "none" });
  const area = svg("rect", { x: 0, width, class: "drag-area", "data-drag": "stack" });
  set(area, { style: "cursor: pointer" });
  drawing.append(fans);
  for (const { idle, busy, name, size } of rows) drawing.append(idle, busy, name, size);
  drawing.append(chosen, area);

  let now = null;
  const pitch = () => Math.min(WIDEST, (BOTTOM - TOP) / now.layers.length);
  const topOf = (l) => BOTTOM - l * pitch();
  const place = (l, j) => {
    const cell = width / now.counts[0];
    const wide = Math.max(1, Math.min(STRIP, now.jumps[l] * cell - 1));
    return [(j * now.jumps[l] + now.fields[l] / 2) * cell - wide / 2, wide];
  };
  const pick = (x, y) => {
    const level = Math.round((BOTTOM + STRIP / 2 - y) / pitch());
    const depth = clamp(level, 1, now.layers.length);
    const unit = ((x / width) * now.counts[0] - now.fields[depth] / 2) / now.jumps[depth];
    model.set("depth", depth);
    write(model, "unit", clamp(Math.round(unit), 0, now.counts[depth] - 1));
  };
  drag(area, pick);
  area.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const frame = drawing.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const away = y - STRIP / 2 - topOf(now.unit[0]);
    if (Math.abs(away) < STRIP) pick(x, y); // along the units of this layer; a click picks another
  });

  return (state) => {
    now = state;
    const { layers, counts, fields, jumps, unit, reached } = state;
    const lines = [];
    rows.forEach(({ idle, busy, name, size }, l) => {
      const shown = l <= layers.length;
      for (const node of [idle, busy, name, size])
        set(node, { visibility: shown ? "visible" : "hidden" });
      if (!shown) return;
      const y = topOf(l);
      const cells = patches(counts[l]).map((j) => {
        const [x, wide] = place(l, j);
        return `M${x.toFixed(1)} ${y}h${wide.toFixed(1)}v${STRIP}h${(-wide).toFixed(1)}z`;
      });
      set(idle, { d: jumps[l] * (width / counts[0]) < 2.5 ? "" : cells.join("") });
      busy.replaceChildren(...(reached[l] ? cone(state, l, y) : []));
      const [kernel, stride, dilation] = layers[l - 1] ?? [];
      name.textContent = l
        ? `layer ${l}: kernel ${kernel}${stride > 1 ? `, stride ${stride}` : ""}` +
          `${dilation > 1 ? `, dilation ${dilation}` : ""}`
        : `input, ${counts[0]} pixels wide`;
      size.textContent = l ? `sees ${fields[l]}` : "";
      for (const node of [name, size]) set(node, { y: y - 5 });
      if (l && reached[l]) lines.push(...fanOf(state, l, y));
    });
    set(fans, { d: lines.join("") });
    const [x, wide] = place(...unit);
    set(chosen, { x: x - 2, y: topOf(unit[0]) - 2, width: wide + 4, height: STRIP + 4 });
    const top = topOf(layers.length) - 10;
    set(area, { y: top, height: topOf(0) + STRIP - top });
  };

  // The units of layer l that the chosen one depends on, darker where more paths lead.
  function cone({ reached }, l, y) {
    const { from, paths } = reached[l];
    const most = Math.max(...paths);
    return paths.flatMap((count, at) => {
      if (!count) return [];
      const [x, wide] = place(l, from + at);
      const opacity = (0.2 + (0.8 * count) / most).toFixed(2);
      return [svg("rect", { x, y, width: wide, height: STRIP, class: "blue-fill", opacity })];
    });
  }

  // Lines from the units of layer l to those below; of very many only the outermost.
  function fanOf({ reached, layers }, l, y) {
    const { from, paths } = reached[l];
    const [kernel, stride, dilation] = layers[l - 1];
    const many = paths.length * kernel > 400;
    const ends = many ? [0, paths.length - 1] : paths.keys();
    return [...ends].flatMap((at) => {
      if (!paths[at]) return [];
      const [x, wide] = place(l, from + at);
      const taps = many ? [at ? kernel - 1 : 0] : patches(kernel);
      return taps.map((k) => {
        const [below, span] = place(l - 1, (from + at) * stride + k * dilation);
        const start = `${(x + wide / 2).toFixed(1)} ${y + STRIP}`;
        return `M${start}L${(below + span / 2).toFixed(1)} ${y + pitch()}`;
      });
    });
  }
}

// The field in the image: shade for the share of paths, a frame around all of it, and one that
// holds two standard deviations either side of the middle.
function buildField(drawing, picture, { left, top, size, model }) {
  const page = box(left, top, size, size, "axis");
  const whole = box(0, 0, 0, 0, "curve blue");
  const core = box(0, 0, 0, 0, "curve orange dashed");
  drawing.append(
    line(left, top - 8, "its field in the image; darker: more paths", "small strong"),
    ...[page, whole, core],
    line(left, top + size + 17, "blue: all that it sees", "small blue"),
    line(left, top + size + 34, "orange: within 2 standard deviations", "small orange"),
  );
  const digit = model.get("picture");
  return ({ counts, jumps, unit: [depth], first, paths, spread }) => {
    const pixels = counts[0];
    const side = Math.min(FINEST, pixels);
    const edge = Math.floor((pixels - DIGIT) / 2);
    const most = Math.max(...paths);
    const shares = (from) =>
      patches(side).map((cell) => {
        const [low, high] = [cell, cell + 1].map((at) => Math.floor((at * pixels) / side));
        const held = paths.slice(Math.max(0, low - from), Math.max(0, high - from));
        return sum(held) / (high - low) / most;
      });
    const above = Math.floor((counts[depth] - 1) / 2) * jumps[depth]; // in the middle row of units
    const across = shares(first);
    const shade = shares(above).flatMap((a) => across.map((b) => a * b));
    const cell = size / pixels;
    const [x, y] = [left + edge * cell, top + edge * cell];
    picture(digit, { rows: DIGIT, palette: GREYS }, x, y, DIGIT * cell);
    picture(shade, { rows: side, most: 1 }, left, top, size);
    const frame = (node, span) =>
      set(node, {
        x: left + (first + (paths.length - span) / 2) * cell,
        y: top + (above + (paths.length - span) / 2) * cell,
        width: span * cell,
        height: span * cell,
      });
    frame(whole, paths.length);
    frame(core, Math.min(paths.length, 4 * spread + 1));
  };
}

// ---- in words ------------------------------------------------------------------------------

function describe({ unit: [depth, unit], fields, jumps, first, paths, spread }) {
  const size = fields[depth];
  const seen = paths.filter((count) => count > 0).length;
  const most = Math.max(...paths);
  const gaps = seen < size ? ` Only ${seen} of ${size} along each axis have a path.` : "";
  return (
    `Unit ${unit + 1} of layer ${depth} sees ${size} × ${size} pixels, from pixel ${first + 1} ` +
    `to ${first + size} along the axis; the next unit's field begins ${jumps[depth]} further.` +
    `${gaps} Along the axis ${paths[0]} path leads to the outermost pixel, ` +
    `${most.toLocaleString("en")} to the best served. Standard deviation of the paths: ${fixed(spread, 1)} pixels.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A stack of layers, the paths from one unit down to the input, and its receptive field",
    ask: [
      "Before you add a layer: ",
      "three layers with kernel 3 see 7 pixels. " +
        "How many will four see? And four of which the second has stride 2?",
    ],
    answer: () =>
      "Four see 9: each layer adds its kernel less 1, times the jump. " +
      "With stride 2 in the second, those after it add twice as much, and four see 13. " +
      "But most paths lead to the middle: " +
      "the field grows with depth, its well-served part only with the root of depth.",
    watch: ["layers", "depth", "unit"],
    controls: (model) => [
      stackMenu(model),
      steppers([
        stepper(model, "depth", {
          label: "look at a unit of layer",
          low: 1,
          high: ({ layers }) => layers.length,
          now: ({ unit: [depth] }) => depth,
        }),
      ]),
      unitSlider(model, "unit", {
        label: "unit",
        high: ({ counts, unit: [depth] }) => counts[depth] - 1,
        now: ({ unit: [, unit] }) => unit,
        text: ({ counts, unit: [depth, unit] }) => `${unit + 1} of ${counts[depth]}`,
      }),
      layerRows(model),
    ],
    height: (width) => (width >= 600 ? stackHeight + 24 : stackHeight + 82 + sideOf(width)),
    compute,
    build,
    describe,
  });

export default { render };
