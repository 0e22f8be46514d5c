// A pre-norm transformer block as the column of its arrays, and what each step to the next one
// holds, multiplies and keeps. Each bar is the step's share of its column's total.

// the step, the array it makes, whose its weights and products are, whose the array is
const STEPS = [
  ["norm 1", "n₁(X)", "norms", "norms"],
  ["linear to Q, K and V", "Q, K, V", "attention", "attention"],
  ["Q Kᵀ/√d, softmax in place", "A", "table", "table"],
  ["A V", "O", "table", "attention"],
  ["linear, + X", "X₁", "attention", "attention"],
  ["norm 2", "n₂(X₁)", "norms", "norms"],
  ["linear to F, relu in place", "h", "network", "network"],
  ["linear to E, + X₁", "Y", "network", "network"],
];
const COLOURS = {
  norms: "ink-fill",
  attention: "blue-fill",
  table: "orange-fill",
  network: "green-fill",
};
const SIZES = [
  ["sequences", "sequences, N", 0, 8],
  ["positions", "positions, T", 0, 17],
  ["width", "width, E", 7, 14],
  ["heads", "heads, H", 0, 7],
  ["hidden", "hidden, F", 7, 16],
];
const LIMITS = Object.fromEntries(SIZES.map(([key, , low, high]) => [key, [low, high]]));

function totals(values, owner) {
  const groups = Object.fromEntries(Object.keys(COLOURS).map((group) => [group, 0]));
  values.forEach((value, i) => (groups[STEPS[i][owner]] += value));
  return groups;
}

function compute(model) {
  const [N, T, E, H, F] = SIZES.map(([key]) => 2 ** model.get(key));
  const d = E / H;
  const parameters = [
    2 * E,
    3 * E * E + 3 * E,
    0,
    0,
    E * E + E,
    2 * E,
    E * F + F,
    F * E + E,
  ];
  const products = [0, 3 * E * E, T * E, T * E, E * E, 0, E * F, F * E];
  const shapes = [
    [N, T, E],
    [3, N, H, T, d],
    [N, H, T, T],
    [N, H, T, d],
    [N, T, E],
    [N, T, E],
    [N, T, F],
    [N, T, E],
  ];
  const bytes = shapes.map((shape) => 4 * shape.reduce((product, size) => product * size));
  return {
    shapes,
    parameters,
    products,
    bytes,
    held: totals(parameters, 2),
    done: totals(products, 2),
    kept: totals(bytes, 3),
    slower: 2 * E + F,
    larger: (8 * E + F) / H,
  };
}

// Three digits and a prefix: 786 k, 4.19 MB.
function short(n, unit = "") {
  const step = n < 1e4 ? 0 : Math.floor(Math.log10(n) / 3);
  const digits = step ? Number((n / 1000 ** step).toPrecision(3)) : n;
  return `${digits.toLocaleString("en")} ${["", "k", "M", "G", "T", "P"][step]}${unit}`.trim();
}

const [TOP, NODE, ROW] = [54, 26, 42]; // where the first box begins, its height, that of a step
const [STREAM, BOX, LEFT] = [5, 16, 42]; // where the residual stream, the boxes and the bars begin
const LAST = STEPS.length;
const topOf = (node) => TOP + node * (NODE + ROW);

// Boxes whose size can be dragged: node → trait; a box is as wide as its last axis is long.
const SIZED = { 0: "width", 2: "heads", 3: "positions", 7: "hidden" };

const text = (x, y, kind, said = "") => svg("text", { x, y, class: kind }, said);
const arrow = (x, y, dx, dy) =>
  svg("path", {
    d: path([
      [x - 8 * dx - 5 * dy, y - 8 * dy - 5 * dx],
      [x, y],
      [x - 8 * dx + 5 * dy, y - 8 * dy + 5 * dx],
    ]),
    class: "ink-fill",
  });

// What runs past attention and past the network, from one box to where it is added.
function bypass(from, to) {
  const [y1, y2] = [topOf(from) + NODE - 7, topOf(to) + 7];
  const line = path([
    [BOX, y1],
    [STREAM, y1],
    [STREAM, y2],
    [BOX - 6, y2],
  ]);
  return [svg("path", { d: line, class: "axis" }), arrow(BOX - 1, y2, 1, 0)];
}

function build(drawing, width, height, model) {
  const step = Math.min(9, (width - 274) / 17); // pixels for a doubling; shapes need the rest
  const columns = [0, 1, 2].map((i) => LEFT + (i * (width - LEFT + 6)) / 3);
  const cell = columns[1] - columns[0] - 6;

  const heads = [
    ["holds", "parameters"],
    ["multiplies", "for a token"],
    ["keeps", "in memory"],
  ].map((lines, i) => {
    const total = text(columns[i], 42, "small strong");
    drawing.append(...lines.map((said, k) => text(columns[i], 13 + 14 * k, "small", said)), total);
    return total;
  });
  drawing.append(...bypass(0, 5), ...bypass(5, LAST));
  const boxes = ["X", ...STEPS.map(([, name]) => name)].map((name, node) => {
    const y = topOf(node);
    const shape = text(width - 1, y + 18, "small");
    const box = svg("rect", { x: BOX, y, height: NODE, rx: 6, class: "ink", fill: "var(--paper)" });
    set(shape, { "text-anchor": "end" });
    drawing.append(box, text(BOX + 8, y + 18, "small strong", name), shape);
    if (node < LAST)
      drawing.append(
        svg("line", { x1: 28, x2: 28, y1: y + NODE, y2: y + NODE + ROW - 8, class: "axis" }),
        arrow(28, y + NODE + ROW - 1, 0, 1),
      );
    return { box, shape };
  });
  const rows = STEPS.map(([said, , worker, keeper], i) => {
    const y = topOf(i) + NODE;
    drawing.append(text(LEFT, y + 14, "small", said));
    return columns.map((x, k) => {
      const kind = COLOURS[k < 2 ? worker : keeper];
      const place = { x, y: y + 20, height: 16 };
      const bar = svg("rect", { ...place, class: kind, opacity: 0.4 });
      const many = text(x + 4, y + 32, "small");
      drawing.append(svg("rect", { ...place, width: cell, class: "grid" }), bar, many);
      return { bar, many };
    });
  });
  const handles = Object.entries(SIZED).map(([node, key]) => {
    const handle = svg("circle", {
      r: 9,
      cy: topOf(Number(node)) + NODE / 2,
      class: "handle green",
      style: "touch-action: pan-y; cursor: ew-resize",
      "data-drag": key,
    });
    let from = 0;
    const way = key === "heads" ? -1 : 1; // wider heads are fewer
    drag(
      handle,
      (x, y, dx) => write(model, key, clamp(from + way * Math.round(dx / step), ...LIMITS[key])),
      () => (from = model.get(key)),
    );
    drawing.append(handle);
    return { handle, node: Number(node) };
  });

  return ({ shapes, parameters, products, bytes }) => {
    const all = [shapes[LAST - 1], ...shapes]; // X is as large as Y
    const wide = all.map((shape) => 66 + step * Math.log2(shape.at(-1)));
    boxes.forEach(({ box, shape }, i) => {
      set(box, { width: wide[i] });
      const sizes = all[i].slice(-4).map((size) => size.toLocaleString("en"));
      shape.textContent = `${all[i].length === 5 ? "3 × " : ""}(${sizes.join(", ")})`;
    });
    handles.forEach(({ handle, node }) => set(handle, { cx: BOX + wide[node] }));
    [parameters, products, bytes].forEach((values, k) => {
      const total = sum(values);
      heads[k].textContent = short(total, k === 2 ? "B" : "");
      values.forEach((value, i) => {
        const { bar, many } = rows[i][k];
        set(bar, { width: (cell * value) / total });
        many.textContent = value ? short(value, k === 2 ? "B" : "") : "–";
      });
    });
  };
}

const NAMES = {
  norms: "the norms",
  attention: "attention’s linear layers",
  table: "the T\u00a0×\u00a0T table",
  network: "the network",
};

// The part with most, and its share.
function most(groups) {
  const [name, value] = Object.entries(groups).reduce((a, b) => (b[1] > a[1] ? b : a));
  return `${NAMES[name]}, ${Math.round((100 * value) / sum(Object.values(groups)))}\u00a0%`;
}

function describe({ held, done, kept, slower, larger }) {
  const beyond = (T) => `T\u00a0=\u00a0${T.toLocaleString("en")}`;
  return (
    `Most parameters: ${most(held)}. Most multiplications: ${most(done)}; ` +
    `the table’s overtake those of all linear layers beyond 2E + F, ${beyond(slower)}. ` +
    `Most memory, in float32: ${most(kept)}; ` +
    `the table overtakes all other arrays beyond (8E + F)/H, ${beyond(larger)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A transformer block: shapes, parameters, multiplications and memory of its parts",
    ask: [
      "Before you double T: ",
      "which of the numbers stay, which double, and which become four times as large?",
    ],
    answer: () =>
      "Every parameter stays. A token’s products with the table double, because it meets twice as many " +
      "others; all its other multiplications stay. The table A becomes four times as large, every " +
      "other array doubles.",
    watch: SIZES.map(([key]) => key),
    controls: (model) =>
      SIZES.map(([key, label, min, max]) =>
        slider(model, key, {
          label,
          min,
          max,
          step: 1,
          text: (e) => (2 ** e).toLocaleString("en"),
        }),
      ),
    height: () => topOf(LAST) + NODE + 2,
    compute,
    build,
    describe,
  });

export default { render };
