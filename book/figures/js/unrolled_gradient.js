// A recurrent network unrolled over twelve steps, and how much of a gradient reaches each of them.

const T = 12;
const UNITS = 10;
const LOWEST = -8; // powers of ten on the axis
const HIGHEST = 5;

function compute(model) {
  const seed = model.get("seed");
  const radius = model.get("radius");
  const net = layer(seed, UNITS);
  const drawn = normals(seed + 1000, T + UNITS);
  const none = new Float64Array(UNITS);
  const states = [];
  for (let s = 0; s < T; s++) {
    const before = s ? states[s - 1] : none;
    states.push(nextState(net, radius, none, model.get("strength") * drawn[s], before));
  }
  const slopes = states.map((h) => h.map((value) => (model.get("bent") ? 1 - value * value : 1)));
  // The row u travels back: u diag(1 − h²) W.
  let u = drawn.slice(T);
  const length = norm(u);
  u = u.map((value) => value / length);
  const sizes = new Array(T);
  for (let s = T - 1; s >= 0; s--) {
    sizes[s] = norm(u);
    const dz = u.map((value, j) => value * slopes[s][j]);
    u = u.map((_, k) => {
      let total = 0;
      for (let j = 0; j < UNITS; j++) total += dz[j] * net.W[j * UNITS + k];
      return radius * total;
    });
  }
  return {
    sizes,
    slopes: slopes.map((row) => sum([...row]) / UNITS),
    step: model.get("step"),
    radius,
  };
}

const power = (size) => Math.log10(Math.max(size, 1e-30));
const thickness = (size) => clamp(5 * Math.sqrt(size), 0.4, 15);

function build(drawing, width, height, model) {
  const X = scale([1, T], [46, width - 34]);
  const chain = 64;
  const Y = scale([LOWEST, HIGHEST], [height - 40, 148]);
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const steps = Array.from({ length: T }, (_, s) => s + 1);
  const links = steps
    .slice(1)
    .map((s) => svg("line", { x1: X(s - 1), x2: X(s), y1: chain, y2: chain, class: "orange" }));
  const inputs = steps.map((s) =>
    svg("line", { x1: X(s), x2: X(s), y1: chain + 8, y2: chain + 24, class: "axis" }),
  );
  const nodes = steps.map((s) => svg("circle", { cx: X(s), cy: chain, r: 4, class: "handle ink" }));
  const band = svg("rect", { y: chain - 22, height: height - chain - 18, class: "area ink-fill" });
  const rule = svg("path", { class: "curve ink dashed" });
  const trace = svg("path", { class: "curve orange" });
  const points = steps.map(() => svg("circle", { r: 4, class: "orange-fill" }));
  const frame = axes(X, Y, {
    x: [1, 4, 8, 12],
    y: [-8, -4, 0, 4],
    yText: (exponent) => `10${raised(exponent)}`,
  });
  drawing.append(
    text(0, 14, "strong orange", "the gradient on its way back, h12 to h1"),
    text(X(T) + 11, chain + 4, "small", "loss"),
    text(X(1) - 13, chain + 36, "small", "inputs"),
    band,
    ...links,
    ...inputs,
    ...nodes,
    text(0, 128, "strong", "its size at each step"),
    frame,
    text((46 + width) / 2, height - 4, "small", "step", "middle"),
  );
  const [across, down] = [scale([0, 1], [40, width - 28]), scale([0, 1], [height - 34, 140])];
  clipped(drawing, across, down, rule, trace, ...points);
  drawing.append(
    dragArea(X, scale([0, 1], [height - 40, chain - 22]), (x) =>
      write(model, "step", clamp(Math.round(X.back(x)), 1, T)),
    ),
  );

  return ({ sizes, step, radius }) => {
    links.forEach((link, i) => set(link, { "stroke-width": thickness(sizes[i]) }));
    nodes.forEach((node, i) => set(node, { r: i + 1 === step ? 7 : 4 }));
    set(band, { x: X(step) - 8, width: 16 });
    const places = sizes.map((size, i) => [X(i + 1), Y(power(size))]);
    set(trace, { d: path(places) });
    points.forEach((point, i) => set(point, { cx: places[i][0], cy: places[i][1] }));
    set(rule, {
      d: path([
        [X(1), Y((T - 1) * Math.log10(radius))],
        [X(T), Y(0)],
      ]),
    });
  };
}

// A box that takes the tanh away.
function bend(model) {
  const box = html("input", { type: "checkbox", "data-param": "bent" });
  box.addEventListener("change", () => write(model, "bent", box.checked));
  const group = html("div", { class: "ticks" }, html("label", {}, box, "tanh at every step"));
  return { nodes: [group], show: () => (box.checked = model.get("bent")) };
}

function describe({ sizes, slopes, step }) {
  const first = sizes[0];
  const verdict =
    first < 0.03
      ? "The gradient vanishes."
      : first > 30
        ? "The gradient explodes."
        : "The first step still gets a gradient of a useful size.";
  const slope = sum(slopes) / T;
  return (
    `At step ${step}, ${T - step} steps back, ${scientific(sizes[step - 1])} of the gradient arrives; ` +
    `at step 1, ${scientific(first)}. Mean slope of the units: ${fixed(slope)}. ${verdict}`
  );
}

const render = (context) =>
  figure(context, {
    label: "A recurrent network unrolled, with the size of the gradient at each step",
    ask: [
      "Before you move the radius: ",
      "at which value does the gradient neither vanish nor explode? Do stronger inputs move it up or down?",
    ],
    answer: () =>
      "Near 1 while the units are near 0, where the dashed line, radius to the power of the steps, is followed. Strong inputs push units to where their slopes are small, so it takes a larger radius to make up for that.",
    watch: ["radius", "strength", "bent", "step", "seed"],
    controls: (model) => [
      slider(model, "radius", { label: "spectral radius", min: 0.3, max: 2, step: 0.02 }),
      slider(model, "strength", { label: "input strength", min: 0, max: 3, step: 0.05 }),
      slider(model, "step", { label: "step", min: 1, max: T, step: 1, text: (v) => String(v) }),
      bend(model),
      buttons([["Draw new weights", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: () => 330,
    compute,
    build,
    describe,
  });

export default { render };
