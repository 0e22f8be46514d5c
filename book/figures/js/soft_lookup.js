// A query among five keys: the weights that softmax makes of their products, and the mean of the
// values with these weights.

const REACH = 3; // both planes go from −3 to 3
const LOW = ["₁", "₂", "₃", "₄", "₅"];

// Keys and query with further coordinates, drawn once, up to the dimension.
function inDimension(model) {
  const d = 2 ** model.get("dimension");
  const keys = model.get("stored");
  const more = normals(model.get("seed"), (keys.length + 1) * 256);
  const further = (i) => Array.from(more.subarray(i * 256, i * 256 + d - 2));
  return {
    d,
    keys: keys.map((key, i) => [...key, ...further(i)]),
    query: [model.get("q1"), model.get("q2"), ...further(keys.length)],
  };
}

function compute(model) {
  const { d, keys, query } = inDimension(model);
  const divisor = model.get("temperature") * (model.get("scaled") ? Math.sqrt(d) : 1);
  const scores = keys.map((key) => sum(key.map((k, j) => k * query[j])) / divisor);
  const most = Math.max(...scores);
  const e = scores.map((s) => Math.exp(s - most));
  const weights = e.map((one) => one / sum(e));
  const values = model.get("values");
  return {
    d,
    query: query.slice(0, 2),
    scores,
    weights,
    mixed: [0, 1].map((j) => sum(weights.map((w, i) => w * values[i][j]))),
    entropy: -sum(weights.map((w) => (w > 0 ? w * Math.log2(w) : 0))),
  };
}

function build(drawing, width, height, model) {
  const side = Math.min(300, (width - 16) / 2);
  const left = (width - 2 * side - 16) / 2;
  const planes = [left, left + side + 16].map((x) => [
    scale([-REACH, REACH], [x, x + side]),
    scale([-REACH, REACH], [24 + side, 24]),
  ]);
  const [[QX, QY], [VX, VY]] = planes;
  planes.forEach(([X, Y], i) =>
    drawing.append(
      axes(X, Y, { x: [-2, 0, 2], y: [-2, 0, 2], xText: () => "", yText: () => "" }),
      svg(
        "text",
        { x: X.ends[0], y: 14, class: `strong ${i ? "orange" : "blue"}` },
        i ? "values, mixed" : "keys and query",
      ),
    ),
  );
  const keys = model.get("stored");
  const values = model.get("values");
  const dot = (X, Y, [x, y], i, letter) => {
    const circle = svg("circle", { cx: X(x), cy: Y(y), class: "ink-fill" });
    const name = svg("text", { x: X(x) + 9, y: Y(y) - 7, class: "small halo" }, letter + LOW[i]);
    drawing.append(circle, name);
    return circle;
  };
  const keyDots = keys.map((key, i) => dot(QX, QY, key, i, "k"));
  const strings = values.map(() => svg("line", { class: "orange" }));
  drawing.append(...strings);
  const valueDots = values.map((value, i) => dot(VX, VY, value, i, "v"));
  const arrow = svg("line", { x1: QX(0), y1: QY(0), class: "blue", "stroke-width": 3 });
  const query = svg("circle", { r: 9, class: "handle blue" });
  const mixed = svg("circle", { r: 8, class: "orange-fill" });
  const area = svg("rect", {
    x: QX.ends[0],
    y: 24,
    width: side,
    height: side,
    class: "drag-area drag-plane",
    "data-drag": "query",
  });
  drag(area, (x, y) => {
    const place = (value) => Math.round(20 * clamp(value, -REACH, REACH)) / 20;
    model.set("q1", place(QX.back(x)));
    write(model, "q2", place(QY.back(y)));
  });
  drawing.append(arrow, query, mixed, area);

  const bottom = height - 22;
  const X = scale([0, keys.length], [34, width - 4]);
  const Y = scale([0, 1], [bottom, bottom - 96]);
  drawing.append(
    svg("text", { x: 4, y: bottom - 116, class: "strong" }, "weights"),
    axes(X, Y, { y: [0, 0.5, 1] }),
  );
  const bars = keys.map((_, i) => {
    const bar = svg("rect", { x: X(i) + 8, width: X(1) - X(0) - 16, class: "blue-fill" });
    const number = svg("text", { x: X(i + 0.5), "text-anchor": "middle", class: "small halo" });
    const place = { x: X(i + 0.5), y: bottom + 16, "text-anchor": "middle", class: "small" };
    drawing.append(bar, number, svg("text", place, `k${LOW[i]}`));
    return { bar, number };
  });

  return ({ query: [x, y], weights, mixed: [u, v] }) => {
    set(arrow, { x2: QX(x), y2: QY(y) });
    set(query, { cx: QX(x), cy: QY(y) });
    set(mixed, { cx: VX(u), cy: VY(v) });
    weights.forEach((w, i) => {
      for (const one of [keyDots[i], valueDots[i]]) set(one, { r: 3 + 7 * Math.sqrt(w) });
      set(strings[i], {
        x1: VX(values[i][0]),
        y1: VY(values[i][1]),
        x2: VX(u),
        y2: VY(v),
        "stroke-width": 6 * w,
      });
      set(bars[i].bar, { y: Y(w), height: Y(0) - Y(w) });
      set(bars[i].number, { y: Y(w) - 4 });
      bars[i].number.textContent = fixed(w, 3);
    });
  };
}

function tick(model) {
  const box = html("input", { type: "checkbox", "data-switch": "scaled" });
  box.addEventListener("change", () => write(model, "scaled", box.checked));
  const group = html("div", { class: "ticks" }, html("label", {}, box, "divide the scores by √d"));
  return { nodes: [group], show: () => (box.checked = model.get("scaled")) };
}

function describe({ d, scores, weights, mixed, entropy }) {
  const first = weights.indexOf(Math.max(...weights));
  return (
    `In ${d} dimensions the scores go from ${fixed(Math.min(...scores))} to ${fixed(Math.max(...scores))}; ` +
    `key ${first + 1} gets ${fixed(weights[first], 3)} of the attention. The answer is the mean of the values with these weights, ` +
    `(${fixed(mixed[0])}, ${fixed(mixed[1])}). The weights hold ${fixed(entropy)} of at most ${fixed(Math.log2(5))} bits.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A soft lookup: a query among five keys, and the mean of their values",
    ask: [
      "Before you drag the query: ",
      "where must it go for the answer to be v₃ almost alone? And what does it answer at the origin?",
    ],
    answer: () =>
      "Direction chooses, length decides how firmly: far out along k₃ the answer is nearly v₃, at the origin of two dimensions all weigh alike. " +
      "In 256 dimensions without √d the chance of the other coordinates decides, and one key takes nearly all.",
    watch: ["q1", "q2", "temperature", "dimension", "scaled"],
    controls: (model) => [
      tick(model),
      slider(model, "q1", { label: "query, across", min: -REACH, max: REACH, step: 0.05 }),
      slider(model, "q2", { label: "query, up", min: -REACH, max: REACH, step: 0.05 }),
      slider(model, "temperature", { label: "temperature", min: 0.1, max: 4, step: 0.1 }),
      choice(model, "dimension", {
        label: "dimension d",
        options: Array.from({ length: 8 }, (_, e) => [e + 1, String(2 ** (e + 1))]),
      }),
    ],
    height: (width) => 24 + Math.min(300, (width - 16) / 2) + 174,
    compute,
    build,
    describe,
  });

export default { render };
