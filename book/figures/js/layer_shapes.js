// A batch through two layers: what the Jacobian on each edge would hold, and what its product costs.

const EDGES = [
  // what is differentiated by what, the node it leads to, the rule of its product
  ["∂Z/∂X", 1, "dZ W"],
  ["∂Z/∂W", 1, "dZᵀ X"],
  ["∂A/∂Z", 2, "dA ⊙ σ′(Z)"],
  ["∂S/∂A", 3, "dS V"],
  ["∂S/∂V", 3, "dSᵀ A"],
  ["∂P/∂S", 4, "P ⊙ (dP − ⟨dP, P⟩)"],
  ["∂L/∂P", 5, "dL · ∂L/∂P"],
];
const STEPS = ["linear, W", "sigmoid", "linear, V", "softmax", "loss"];

function compute(model) {
  const traits = ["examples", "inputs", "hidden", "classes"];
  const [N, D, H, K] = traits.map((key) => 2 ** model.get(key));
  const edges = [
    [N * H, N * D, N * H * D],
    [N * H, H * D, N * H * D],
    [N * H, N * H, N * H],
    [N * K, N * H, N * K * H],
    [N * K, K * H, N * K * H],
    [N * K, N * K, 2 * N * K],
    [1, N * K, N * K],
  ];
  return {
    nodes: [
      ["X", N, D],
      ["Z", N, H],
      ["A", N, H],
      ["S", N, K],
      ["P", N, K],
      ["L", 1, 1],
    ],
    shapes: edges.map(([rows, columns]) => [rows, columns]),
    entries: edges.map(([rows, columns]) => rows * columns),
    products: edges.map(([, , products]) => products),
  };
}

const grouped = (n) => (n < 1e7 ? n.toLocaleString("en") : scientific(n));
const bytes = (n) => {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = n < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(n) / 3));
  const size = n / 1000 ** step;
  return `${step && size < 10 ? size.toFixed(1) : Math.round(size).toLocaleString("en")} ${units[step]}`;
};

// Boxes of the layers whose size can be dragged: node → trait.
const SIZED = { 0: "inputs", 1: "hidden", 3: "classes" };
const [TOP, NODE, ROW] = [34, 28, 46]; // where the first box begins, its height, the height of an edge
const BASE = 62; // width of the box of a layer of size 1

function build(drawing, width, height, model) {
  const step = Math.min(9, (width * 0.45 - BASE) / 10); // pixels for each doubling of a layer
  const boxWidth = (size) => BASE + step * Math.log2(size);
  const left = 46;
  const L = scale([0, 13], [left, width - 70]); // bars: powers of ten
  const rowsOf = (node) => EDGES.filter(([, to]) => to === node).length;
  const tops = [TOP];
  for (let node = 1; node < 6; node++)
    tops.push(tops[node - 1] + NODE + ROW * rowsOf(node) + (rowsOf(node) > 1 ? 4 : 8));

  const text = (x, y, kind, said = "") => svg("text", { x, y, class: kind }, said);
  drawing.append(
    text(0, 13, "strong small orange", "entries of the Jacobian"),
    text(width / 2 - 4, 13, "strong small blue", "multiplications, by VJP"),
  );
  const boxes = tops.map((y, node) => {
    const box = svg("rect", { x: 1, y, height: NODE, rx: 6, class: "ink", fill: "var(--paper)" });
    const name = text(9, y + 19, "small strong");
    drawing.append(box, name);
    if (node < 5)
      drawing.append(
        svg("line", { x1: 20, x2: 20, y1: y + NODE, y2: tops[node + 1] - 7, class: "axis" }),
        svg("path", {
          d: path([
            [15, tops[node + 1] - 9],
            [20, tops[node + 1] - 1],
            [25, tops[node + 1] - 9],
          ]),
          class: "ink-fill",
        }),
      );
    return { box, name };
  });
  STEPS.forEach((said, i) => {
    const middle = (tops[i] + NODE + tops[i + 1]) / 2;
    drawing.append(
      svg(
        "text",
        {
          class: "small",
          "text-anchor": "middle",
          transform: `translate(11 ${middle}) rotate(-90)`,
        },
        said,
      ),
    );
  });
  const handles = Object.entries(SIZED).map(([node, key]) => {
    const handle = svg("circle", {
      r: 9,
      cy: tops[node] + NODE / 2,
      class: "handle green",
      style: "touch-action: pan-y; cursor: ew-resize",
      "data-drag": key,
    });
    let from = 0;
    drag(
      handle,
      (x, y, dx) => write(model, key, clamp(from + Math.round(dx / step), 0, 10)),
      () => (from = model.get(key)),
    );
    return { handle, node: Number(node) };
  });
  const seen = {};
  const edges = EDGES.map(([name, to]) => {
    seen[to] = (seen[to] ?? -1) + 1;
    const y = tops[to - 1] + NODE + 6 + ROW * seen[to];
    const parts = {
      said: text(left, y + 10, "small"),
      entries: svg("rect", { x: left, y: y + 15, height: 9, class: "orange-fill" }),
      products: svg("rect", { x: left, y: y + 27, height: 9, class: "blue-fill" }),
      many: text(0, y + 24, "small orange halo"),
      few: text(0, y + 37, "small blue halo"),
    };
    drawing.append(...Object.values(parts));
    return { name, ...parts };
  });
  drawing.append(...handles.map(({ handle }) => handle));

  return ({ nodes, shapes, entries, products }) => {
    boxes.forEach(({ box, name }, i) => {
      const [letter, rows, columns] = nodes[i];
      set(box, { width: boxWidth(columns) + 34 });
      name.textContent =
        i === 5 ? "L: a number" : `${letter}  ${grouped(rows)} × ${grouped(columns)}`;
    });
    handles.forEach(({ handle, node }) => set(handle, { cx: boxWidth(nodes[node][2]) + 35 }));
    edges.forEach((edge, i) => {
      const [rows, columns] = shapes[i];
      edge.said.textContent = `${edge.name}:  ${grouped(rows)} × ${grouped(columns)}`;
      for (const [bar, label, count] of [
        [edge.entries, edge.many, entries[i]],
        [edge.products, edge.few, products[i]],
      ]) {
        const end = L(Math.log10(count));
        set(bar, { width: Math.max(2, end - left) });
        set(label, { x: Math.max(left + 2, end) + 5 });
        label.textContent = grouped(count);
      }
    });
  };
}

function describe({ entries, products }) {
  const held = sum(entries);
  const worst = entries.indexOf(Math.max(...entries));
  return (
    `All seven Jacobians: ${grouped(held)} entries, ${bytes(8 * held)} in float64. ` +
    `All seven products by the layers' own rules: ${grouped(sum(products))} multiplications. ` +
    `The largest Jacobian, ${EDGES[worst][0]}, is passed by ${EDGES[worst][2]}, which costs ${grouped(products[worst])}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A batch through two layers, with the shape of the Jacobian on every edge",
    ask: [
      "Before you resize a layer: ",
      "double the examples. How much larger does ∂A/∂Z become, and how much dearer its product?",
    ],
    answer: () =>
      "Four times as large, for it has a row and a column for every entry of the batch; its product costs twice as much.",
    watch: ["examples", "inputs", "hidden", "classes"],
    controls: (model) =>
      [
        ["examples", "examples, N"],
        ["inputs", "inputs, D"],
        ["hidden", "hidden, H"],
        ["classes", "classes, K"],
      ].map(([key, label]) =>
        slider(model, key, { label, min: 0, max: 10, step: 1, text: (e) => String(2 ** e) }),
      ),
    height: () => TOP + 6 * NODE + 7 * ROW + 2 * 4 + 3 * 8 + 2,
    compute,
    build,
    describe,
  });

export default { render };
