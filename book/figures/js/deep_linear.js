// One deep network twice: without a bend it is a single layer, with a bend its border curls.

const REACH = 2;
const WIDTH = 6;
const GAIN = 3; // variance of a weight times the inputs of its unit
const PROBES = [
  [0, 0],
  [1.5, 0.5],
  [-1, 1.2],
  [0.4, -1.7],
];

// A network 2 – 6 – … – 6 – 1 with `layers` layers of weights, drawn from one seed.
function draw(layers, seed) {
  const sizes = [2, ...Array(layers - 1).fill(WIDTH), 1];
  const count = sum(sizes.slice(1).map((n, l) => n * (sizes[l] + 1)));
  const numbers = normals(seed, count + (count % 2));
  let next = 0;
  return sizes.slice(1).map((n, l) => {
    const W = Array.from({ length: n }, () =>
      Array.from({ length: sizes[l] }, () => numbers[next++] * Math.sqrt(GAIN / sizes[l])),
    );
    return { W, b: Array.from({ length: n }, () => numbers[next++] * 0.5) };
  });
}

const linear = ({ W, b }, a) => W.map((row, j) => sum(row.map((w, k) => w * a[k])) + b[j]);

// The hidden layers bend, the last one does not: from z itself (bend 0) to tanh z (bend 1).
function output(network, x, bend) {
  const last = network.length - 1;
  return network.reduce((a, layer, l) => {
    const z = linear(layer, a);
    if (l === last || bend === 0) return z;
    return z.map((each) => (1 - bend) * each + bend * Math.tanh(each));
  }, x)[0];
}

// (W₂, b₂) after (W₁, b₁) is one layer: W₂W₁ and W₂b₁ + b₂.
const collapse = (network) =>
  network.reduce((below, above) => ({
    W: above.W.map((row) =>
      below.W[0].map((_, k) => sum(row.map((w, j) => w * below.W[j][k]))),
    ),
    b: linear(above, below.b),
  }));

// The last network is kept: moving the point or the bend draws no new one.
let kept = { key: "" };
function compute(model) {
  const [layers, seed, bend] = [model.get("layers"), model.get("seed"), model.get("bend")];
  const key = `${layers} ${seed}`;
  if (kept.key !== key) kept = { key, network: draw(layers, seed) };
  const { network } = kept;
  const { W, b } = collapse(network);
  const x = [model.get("x1"), model.get("x2")];
  const places = [x, ...PROBES];
  return {
    layers,
    seed,
    bend,
    x,
    W: W[0],
    b: b[0],
    parameters: sum(network.map((layer) => layer.b.length * (layer.W[0].length + 1))),
    straight: places.map((place) => output(network, place, 0)),
    bent: places.map((place) => output(network, place, bend)),
  };
}

function build(drawing, width, height, model) {
  const side = (width - 44) / 2;
  const cells = width < 480 ? 32 : 48;
  const panels = ["no bend", "with a bend"].map((title, i) => {
    const [X, Y] = square(REACH, 22 + i * (side + 18), 26, side);
    const [shade, drawShade] = shading(X, Y, cells);
    const edge = svg("path", { class: "curve ink" });
    const line = svg("line", { class: "curve green", "stroke-dasharray": "9 9" });
    drawing.append(
      svg("text", { x: X(-REACH), y: 16, class: "strong" }, title),
      shade,
      axes(X, Y, { x: [-1, 0, 1], y: i ? [] : [-1, 0, 1], xTitle: "x₁", yTitle: i ? "" : "x₂" }),
    );
    clipped(drawing, X, Y, edge, line);
    const move = (px, py) => {
      write(model, "x1", rounded(X.back(px), -REACH, REACH));
      write(model, "x2", rounded(Y.back(py), -REACH, REACH));
    };
    const area = dragArea(X, Y, move);
    area.classList.add("drag-plane");
    const dot = knob("ink", "x", move);
    drawing.append(area, dot.node);
    return { X, Y, drawShade, edge, line, dot };
  });
  let drawn = "";
  return ({ layers, seed, bend, x, W, b, straight, bent }) => {
    const { network } = kept;
    const now = `${layers} ${seed} ${bend}`;
    panels.forEach(({ X, Y, drawShade, edge, line, dot }, i) => {
      if (now !== drawn) {
        const typical = sum((i ? bent : straight).map(Math.abs)) / (PROBES.length + 1);
        const f = (p, q) => output(network, [p, q], i ? bend : 0) / (2 * typical);
        drawShade(f);
        set(edge, { d: border(f, X, Y, cells) });
      }
      if (i === 0) set(line, cut(W, b, X, Y));
      dot.at(X(x[0]), Y(x[1]));
    });
    drawn = now;
  };
}

function describe({ layers, parameters, bend, W, b, straight, bent }) {
  const term = (value) => `${value < 0 ? "−" : "+"} ${fixed(Math.abs(value))}`;
  const one = `${fixed(W[0])} x₁ ${term(W[1])} x₂ ${term(b)}`;
  const count = `${layers} ${layers === 1 ? "layer" : "layers"}, ${parameters} parameters`;
  const same = bend === 0 || layers === 1;
  return (
    `${count}. Without a bend they are one layer, z = ${one}: at the point z = ${fixed(straight[0], 3)}, ` +
    `step by step or at once. ${same ? "On the right it is the same" : "With the bend"}: z = ${fixed(bent[0], 3)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "What a deep network says all over the plane, without and with a bend between its layers",
    ask: [
      "Before you add layers: ",
      "how many will it take to make the border on the left anything but straight?",
    ],
    answer: () =>
      "No number does: the dashed green line is the border of the one layer that they collapse into. On the " +
      "right, any bend that is not 0 makes the border curl, and more layers can make it curl more.",
    watch: ["layers", "bend", "seed", "x1", "x2"],
    controls: (model) => [
      slider(model, "layers", { label: "layers", min: 1, max: 10, step: 1, text: String }),
      slider(model, "bend", { label: "bend", min: 0, max: 1, step: 0.05 }),
      slider(model, "x1", { label: "point x₁", min: -REACH, max: REACH, step: 0.05 }),
      slider(model, "x2", { label: "point x₂", min: -REACH, max: REACH, step: 0.05 }),
      buttons([["Draw new weights", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width - 44) / 2 + 48,
    compute,
    build,
    describe,
  });

export default { render };
