// One learning rate for two parabolas: the steep one sets the limit, the flat one has to wait.

const STEPS = 30;
const DRAWN = 14; // steps that are drawn on the parabolas
const FLAT = 1;
const DECADES = [-6, 3]; // of the distance from the bottom, in the lower plot

function walk(curvature, rate, start) {
  const xs = [start];
  for (let k = 0; k < STEPS; k++) xs.push(xs[k] - rate * (curvature * xs[k]));
  return xs;
}

function compute(model) {
  const [rate, steep, start] = ["rate", "steep", "start"].map((key) => model.get(key));
  const paths = [steep, FLAT].map((curvature) => walk(curvature, rate, start));
  return {
    rate,
    steep,
    start,
    paths,
    factors: [1 - rate * steep, 1 - rate * FLAT],
    ends: paths.map((xs) => xs[STEPS]),
    limit: 2 / Math.max(steep, FLAT),
  };
}

const COLORS = ["orange", "blue"];

function build(drawing, width, height, model) {
  const half = (width - 12) / 2;
  const Y = scale([0, 5], [186, 26]);
  const sides = [0, half + 12].map((left, i) => {
    const X = scale([-1.9, 1.9], [left + 2, left + half - 2]);
    const nodes = {
      X,
      curve: svg("path", { class: "curve ink", "stroke-opacity": 0.55 }),
      path: svg("path", { class: `curve ${COLORS[i]}`, "stroke-width": 1.5 }),
      dots: svg("g"),
      ball: svg("circle", { r: 8, class: `handle ${COLORS[i]}` }),
      title: svg("text", { x: left + 4, y: 14, class: `strong ${COLORS[i]}` }),
    };
    drawing.append(nodes.title, axes(X, Y, { x: [-1, 0, 1], xTitle: "x" }));
    drawing.append(
      svg("line", { x1: X.ends[0], x2: X.ends[1], y1: Y(0), y2: Y(0), class: "grid" }),
    );
    clipped(
      drawing,
      X,
      scale([0, 1], [Y(0) + 10, 20]),
      nodes.curve,
      nodes.path,
      nodes.dots,
      nodes.ball,
    );
    drawing.append(
      dragArea(X, Y, (x) =>
        write(model, "start", Math.round(clamp(X.back(x), -1.5, 1.5) * 20) / 20),
      ),
    );
    return nodes;
  });

  const K = scale([0, STEPS], [46, width - 8]);
  const D = scale(DECADES, [height - 38, 250]);
  const traces = COLORS.map((color) => svg("path", { class: `curve ${color}` }));
  drawing.append(
    svg("text", { x: 4, y: 236, class: "strong" }, "distance from the bottom, step by step"),
    axes(K, D, {
      x: [0, 10, 20, 30],
      y: [-6, -3, 0, 3],
      yText: (p) => `10${raised(p)}`,
      xTitle: "step",
    }),
  );
  clipped(drawing, K, D, ...traces);

  return ({ steep, paths }) => {
    [steep, FLAT].forEach((curvature, i) => {
      const { X, curve, path: trace, dots, ball, title } = sides[i];
      const on = (x) => [X(x), Y((curvature * x * x) / 2)];
      const xs = paths[i].slice(0, DRAWN + 1);
      const seen = xs.slice(0, xs.findIndex((x) => Math.abs(x) > 40) + 1 || xs.length);
      title.textContent = `curvature ${fixed(curvature, 1)}`;
      set(curve, { d: path(samples((x) => x, -1.9, 1.9).map(([x]) => on(x))) });
      set(trace, { d: path(seen.map(on)) });
      dots.replaceChildren(
        ...seen.slice(1).map((x) => {
          const [cx, cy] = on(x);
          return svg("circle", { cx, cy, r: 3, class: `${COLORS[i]}-fill` });
        }),
      );
      const [cx, cy] = on(paths[i][0]);
      set(ball, { cx, cy: Math.max(cy, 30) });
      const power = (x) => clamp(Math.log10(Math.abs(x) + 1e-30), -30, 30);
      set(traces[i], {
        d: plot(
          paths[i].map((x, k) => [k, power(x)]),
          K,
          D,
        ),
      });
    });
  };
}

function fate(factor) {
  const size = Math.abs(factor);
  if (size < 1e-6) return "lands in one step";
  if (Math.abs(size - 1) < 1e-6) return "bounces for ever";
  if (size > 1) return "runs away";
  return factor < 0 ? "overshoots and comes back" : size > 0.9 ? "creeps" : "comes straight down";
}

function describe({ rate, steep, start, factors, limit }) {
  const [first, second] = factors;
  return (
    `From x = ${fixed(start)}: each step multiplies x by ${fixed(first)} on the steep side (${fate(first)}) and by ` +
    `${fixed(second)} on the flat side (${fate(second)}). ` +
    `The rate ${fixed(rate)} is ${fixed(rate / limit)} of the limit 2/${fixed(steep, 1)} = ${fixed(limit)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "Gradient descent on a steep and on a flat parabola with the same learning rate",
    ask: [
      "Before you raise the rate: ",
      "where does the steep side run away, and which rate is best for both together?",
    ],
    answer: ({ steep, limit }) =>
      `It runs away above 2/${fixed(steep, 1)} = ${fixed(limit)}. Best for both is 2/(${fixed(steep, 1)} + 1) = ` +
      `${fixed(2 / (steep + 1))}: there both shrink by ${fixed((steep - 1) / (steep + 1))} a step, one from either side.`,
    watch: ["rate", "steep", "start"],
    controls: (model) => [
      slider(model, "rate", { label: "learning rate", min: 0.02, max: 2.2, step: 0.01 }),
      slider(model, "steep", {
        label: "steep curvature",
        min: 1,
        max: 10,
        step: 0.1,
        text: (v) => fixed(v, 1),
      }),
      slider(model, "start", { label: "start x", min: -1.5, max: 1.5, step: 0.05 }),
    ],
    height: () => 400,
    compute,
    build,
    describe,
  });

export default { render };
