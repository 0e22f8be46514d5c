// An activation above, its derivative below, one point z that a reader drags through both.

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const LEAK = 0.1; // ten times the usual slope, so that the eye can see it
const bend = (z) => Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3);

// name: [what the menu says, a(z), a′(z), range of a, where the slope is largest]
const ACTIVATIONS = {
  sigmoid: [
    "sigmoid",
    sigmoid,
    (z) => sigmoid(z) * (1 - sigmoid(z)),
    [-0.25, 1.25],
    "At z = 0, and even there it is only 1/4. A gradient that passes through it shrinks at least fourfold.",
  ],
  tanh: [
    "tanh",
    Math.tanh,
    (z) => 1 - Math.tanh(z) ** 2,
    [-1.5, 1.5],
    "At z = 0, where it is 1. Both arms are flat: there almost no gradient passes.",
  ],
  relu: [
    "ReLU",
    (z) => Math.max(z, 0),
    (z) => (z > 0 ? 1 : 0),
    [-1.5, 5],
    "Everywhere right of 0 it is exactly 1, and everywhere left of 0 exactly 0.",
  ],
  leaky_relu: [
    "leaky ReLU (slope 0.1)",
    (z) => (z > 0 ? z : LEAK * z),
    (z) => (z > 0 ? 1 : LEAK),
    [-1.5, 5],
    "Everywhere right of 0 it is 1. Left of 0 it is 0.1: small, but never zero.",
  ],
  elu: [
    "ELU (α = 1)",
    (z) => (z > 0 ? z : Math.expm1(z)),
    (z) => (z > 0 ? 1 : Math.exp(z)),
    [-1.5, 5],
    "Right of 0 it is 1. To the left it dies away like exp(z).",
  ],
  softplus: [
    "softplus",
    (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    sigmoid,
    [-1.5, 5],
    "Far to the right: it climbs towards 1. The slope of softplus is the sigmoid.",
  ],
  gelu: [
    "GELU (tanh form)",
    (z) => 0.5 * z * (1 + Math.tanh(bend(z))),
    (z) => {
      const t = Math.tanh(bend(z));
      return (
        0.5 * (1 + t) + 0.5 * z * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z * z)
      );
    },
    [-1.5, 5],
    "Near z = 1.4, where it is 1.13: steeper than a straight line. Left of z = −0.75 it is negative.",
  ],
  silu: [
    "SiLU, or swish",
    (z) => z * sigmoid(z),
    (z) => sigmoid(z) * (1 + z * (1 - sigmoid(z))),
    [-1.5, 5],
    "Near z = 2.4, where it is 1.10. Left of z = −1.28 it is negative.",
  ],
};

function build(drawing, width, height, model) {
  const X = scale([-5, 5], [44, width - 10]);
  const seam = Math.round(height * 0.6);
  const S = scale([-0.25, 1.25], [height - 24, seam + 26]);
  const frame = svg("g");
  const curves = {
    a: svg("path", { class: "curve blue" }),
    slope: svg("path", { class: "curve orange" }),
  };
  const area = svg("path", { class: "area orange-fill" });
  const tangent = svg("path", { class: "curve ink dashed" });
  const stem = svg("line", { class: "grid", y1: 20, y2: height - 24 });
  const dots = {
    a: svg("circle", { r: 8, class: "handle blue" }),
    slope: svg("circle", { r: 8, class: "handle orange" }),
  };
  const names = {
    a: svg("text", { x: 50, y: 15, class: "strong blue" }, "a(z), the activation"),
    slope: svg("text", { x: 50, y: seam + 15, class: "strong orange" }, "a′(z), its slope"),
  };
  const axisName = svg(
    "text",
    { x: width - 4, y: height - 7, "text-anchor": "end", class: "small strong" },
    "z",
  );
  drawing.append(frame, stem, names.a, names.slope, axisName);
  clipped(drawing, X, scale([0, 1], [seam - 6, 20]), curves.a, tangent);
  drawing.append(area, curves.slope, dots.a, dots.slope);
  drawing.append(
    dragArea(X, scale([0, 1], [height - 24, 20]), (x) =>
      write(model, "z", Math.round(clamp(X.back(x), -5, 5) * 20) / 20),
    ),
  );

  return ({ activation, z, a, slope }) => {
    const [, f, derivative, [low, high]] = ACTIVATIONS[activation];
    const Y = scale([low, high], [seam - 6, 20]);
    const marks = high > 2 ? [0, 1, 2, 3, 4, 5] : low < -1 ? [-1, 0, 1] : [0, 0.5, 1];
    frame.replaceChildren(
      axes(X, Y, { x: [0], y: marks, xText: () => "" }),
      axes(X, S, { x: [-4, -2, 0, 2, 4], y: [0, 0.5, 1] }),
    );
    set(curves.a, { d: plot(samples(f, -5, 5), X, Y) });
    // A jump of the slope at 0 is drawn upright: one sample on either side of it.
    const slopes = [...samples(derivative, -5, -1e-9, 120), ...samples(derivative, 1e-9, 5, 120)];
    set(curves.slope, { d: plot(slopes, X, S) });
    set(area, { d: `${plot(slopes, X, S)}L${X(5)} ${S(0)}L${X(-5)} ${S(0)}Z` });
    set(tangent, {
      d: plot(
        [
          [z - 1.6, a - 1.6 * slope],
          [z + 1.6, a + 1.6 * slope],
        ],
        X,
        Y,
      ),
    });
    set(stem, { x1: X(z), x2: X(z) });
    set(dots.a, { cx: X(z), cy: Y(a) });
    set(dots.slope, { cx: X(z), cy: S(slope) });
  };
}

function compute(model) {
  const [activation, z] = [model.get("activation"), model.get("z")];
  const [, f, derivative] = ACTIVATIONS[activation];
  return { activation, z, a: f(z), slope: derivative(z) };
}

function describe({ z, a, slope }) {
  const size = Math.abs(slope);
  const verdict =
    size === 0
      ? "No gradient passes here at all."
      : size < 0.05
        ? "Nearly flat: almost no gradient passes."
        : size > 1
          ? "A gradient that passes here grows."
          : `Of every gradient that arrives, ${fixed(100 * size, 0)} % passes.`;
  return `At z = ${fixed(z)} the activation is a = ${fixed(a, 4)} and its slope is a′ = ${fixed(slope, 4)}. ${verdict}`;
}

const render = (context) =>
  figure(context, {
    label: "An activation function, its derivative, and the tangent at a point",
    ask: ["Before you move the point: ", "at which z is the slope largest?"],
    answer: ({ activation }) => ACTIVATIONS[activation][4],
    watch: ["activation", "z"],
    controls: (model) => [
      choice(model, "activation", {
        label: "activation",
        options: Object.entries(ACTIVATIONS).map(([name, [text]]) => [name, text]),
      }),
      slider(model, "z", { label: "point z", min: -5, max: 5, step: 0.05 }),
    ],
    height: (width) => (width < 480 ? 340 : 380),
    compute,
    build,
    describe,
  });

export default { render };
