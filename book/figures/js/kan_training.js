// A KAN of shape 2-2-1, trained in the page by damped Gauss–Newton steps; its six curves move.

const EXAMPLES = 150;
const MOST = 60;
const FINER = [20, 40]; // steps at which the grids are refined
const DAMPING = 0.1;
const FLOOR = 1e-5;
const OUTER = 3; // the upper layer's grid reaches from −3 to 3

const TARGETS = {
  product: (x, y) => x * y,
  toy: (x, y) => (Math.exp(Math.sin(Math.PI * x) + y * y) - 2) / 3,
  wave: (x, y) => Math.sin(2 * x + 2 * y),
  maximum: Math.max,
};

// ---- the network -----------------------------------------------------------------------------

// Knots from −reach to reach in so many intervals, and three more on either side.
const knotsOf = (count, reach) =>
  Array.from({ length: count + 7 }, (_, i) => reach * ((2 / count) * (i - 3) - 1));

// A network: six rows of coefficients, x and y to the first node, to the second, nodes to output.
function forward({ rows, inner: low, outer: high }, [x, y]) {
  const [Nx, Ny] = [hillsAt(x, low, 3), hillsAt(y, low, 3)];
  const nodes = [0, 1].map((o) => inner(rows[2 * o], Nx) + inner(rows[2 * o + 1], Ny));
  const above = nodes.map((h) => hillsAt(h, high, 3));
  const output = inner(rows[4], above[0]) + inner(rows[5], above[1]);
  return { Nx, Ny, nodes, above, output };
}

// Solves A z = b for a symmetric positive A, by Cholesky's A = L Lᵀ; A is overwritten.
function solve(A, b) {
  const n = b.length;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let s = A[i][j];
      for (let k = 0; k < j; k++) s -= A[i][k] * A[j][k];
      A[i][j] = i === j ? Math.sqrt(s) : s / A[j][j];
    }
  const z = [...b];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) z[i] -= A[i][k] * z[k];
    z[i] /= A[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) z[i] -= A[k][i] * z[k];
    z[i] /= A[i][i];
  }
  return z;
}

// JᵀJ of some rows of derivatives, with μ on the diagonal, and Jᵀr.
function normal(J, r, mu) {
  const n = J[0].length;
  const A = Array.from({ length: n }, () => new Float64Array(n));
  const b = new Float64Array(n);
  const filled = new Array(n); // where a row is not 0: at a place only four hills are not
  J.forEach((row, m) => {
    let count = 0;
    for (let i = 0; i < n; i++) {
      if (row[i] === 0) continue;
      filled[count++] = i;
      b[i] += row[i] * r[m];
      for (let k = 0; k < count; k++) A[i][filled[k]] += row[i] * row[filled[k]];
    }
  });
  for (let i = 0; i < n; i++) A[i][i] += mu;
  return [A, b];
}

// One step; `passes` are the forward passes of all examples.
function step(net, passes, wanted) {
  const r = passes.map(({ output }, m) => output - wanted[m]);
  const J = passes.map(({ Nx, Ny, nodes, above }) => {
    const slopes = nodes.map((h, o) => inner(net.rows[4 + o], slopesAt(h, net.outer, 3)));
    const lower = slopes.flatMap((s) => [Nx.map((v) => s * v), Ny.map((v) => s * v)]);
    return [...lower, ...above].flat();
  });
  const mean = sum(r.map((one) => one * one)) / r.length;
  const delta = solve(...normal(J, r, DAMPING * r.length * (mean + FLOOR)));
  const n = net.rows[0].length;
  const rows = net.rows.map((row, e) => row.map((c, k) => c - delta[e * n + k]));
  return { ...net, rows };
}

const network = (rows, count) => ({
  rows,
  count,
  inner: knotsOf(count, 1),
  outer: knotsOf(count, OUTER),
});

// The same curves on grids twice as fine: least squares at four points in each new interval.
function refined(net) {
  const fine = network([], 2 * net.count);
  fine.rows = net.rows.map((row, e) => {
    const [old, now] = e < 4 ? [net.inner, fine.inner] : [net.outer, fine.outer];
    const x = now
      .slice(3, -4)
      .flatMap((t, i) => [1, 3, 5, 7].map((k) => t + ((now[i + 4] - t) * k) / 8));
    const values = x.map((at) => inner(row, hillsAt(at, old, 3)));
    return solve(...normal(x.map((at) => hillsAt(at, now, 3)), values, 0));
  });
  return fine;
}

const all = (net, points) => points.map((point) => forward(net, point));

const rms = (passes, wanted) =>
  Math.sqrt(sum(passes.map(({ output }, m) => (output - wanted[m]) ** 2)) / wanted.length);

// The path so far is kept, so that going on costs one step and going back none.
const runs = new WeakMap();

function runOf(model) {
  const name = `${model.get("target")} ${model.get("seed")}`;
  let run = runs.get(model);
  if (run?.name !== name) {
    const f = TARGETS[model.get("target")];
    const next = uniform(model.get("seed"));
    const points = Array.from({ length: EXAMPLES }, () => [2 * next() - 1, 2 * next() - 1]);
    const drawn = normals(model.get("seed") + 1, 36).map((w) => 0.3 * w);
    const rows = Array.from({ length: 6 }, (_, e) => [...drawn.slice(6 * e, 6 * e + 6)]);
    const places = Array.from({ length: 12 }, (_, i) => (i + 0.5) / 6 - 1);
    const unseen = places.flatMap((y) => places.map((x) => [x, y]));
    run = { name, f, points, unseen, path: [], errors: [] };
    run.wanted = points.map((p) => f(...p));
    run.hidden = unseen.map((p) => f(...p));
    run.add = (net) => {
      run.path.push(net);
      run.passes = all(net, points);
      run.errors.push(rms(run.passes, run.wanted));
    };
    run.add(network(rows, 3));
    runs.set(model, run);
  }
  while (run.path.length <= model.get("steps")) {
    const done = run.path.length - 1;
    const now = run.path[done];
    const net = FINER.includes(done) ? refined(now) : now;
    const passes = net === now ? run.passes : all(net, run.points);
    run.add(step(net, passes, run.wanted));
  }
  return run;
}

function compute(model) {
  const { path: nets, errors, unseen, hidden } = runOf(model);
  const net = nets[model.get("steps")];
  return {
    intervals: net.count,
    coefficients: net.rows.flat(),
    error: errors[model.get("steps")],
    unseen: rms(all(net, unseen), hidden),
  };
}

// ---- the drawing -----------------------------------------------------------------------------

const CELLS = 18;
const HUES = ["blue", "orange", "blue", "orange", "green", "green"];

function build(drawing, width, height, model) {
  const wide = Math.min(110, (width - 8 - 3 * 10) / 4);
  const tall = Math.round(0.72 * wide);
  const gap = (width - 8 - 4 * wide) / 3;
  const column = (k) => 4 + k * (wide + gap);
  const [upper, nodesY] = [30, 30 + tall + 22];
  const lower = nodesY + 30;
  const inputsY = lower + tall + 22;
  const text = (x, y, said, anchor = "middle", kind = "small") =>
    svg("text", { x, y, "text-anchor": anchor, class: kind }, said);
  const node = (x, y, said) => [
    svg("circle", { cx: x, cy: y, r: 11, class: "handle ink", "stroke-width": 1.5 }),
    text(x, y + 4, said),
  ];
  const middle = (k) => column(k) + wide / 2;
  const nodeX = [(middle(0) + middle(1)) / 2, (middle(2) + middle(3)) / 2];
  const inputX = [middle(0) + (middle(1) - middle(0)) / 2, nodeX[1]];
  const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, class: "axis" });

  const boxes = HUES.map((hue, e) => {
    // the lower row shows x and y to the first node, x and y to the second; the upper the nodes
    const [x, y] = e < 4 ? [column(e), lower] : [column(e - 3), upper];
    const frame = svg("rect", { x, y, width: wide, height: tall, class: "grid" });
    const zero = svg("line", { x1: x, x2: x + wide, class: "grid" });
    const curve = svg("path", { class: `curve ${hue}`, style: "stroke-width: 2" });
    return { x, y, frame, zero, curve };
  });
  const outX = (middle(1) + middle(2)) / 2;
  drawing.append(
    ...[0, 1, 2, 3].flatMap((e) => [
      line(middle(e), lower, nodeX[e >> 1], nodesY + 11),
      line(middle(e), inputsY - 12, middle(e), lower + tall),
      text(middle(e), inputsY + 2, e % 2 ? "y" : "x"),
    ]),
    ...[0, 1].flatMap((o) => [
      line(nodeX[o], nodesY - 11, middle(1 + o), upper + tall),
      line(middle(1 + o), upper, outX, 22),
    ]),
    ...boxes.flatMap(({ frame, zero, curve }) => [frame, zero, curve]),
    ...nodeX.flatMap((x) => node(x, nodesY, "+")),
    ...node(outX, 12, "+"),
  );

  const side = tall;
  const maps = [0, 3].map((k) => {
    const left = middle(k) - side / 2;
    const [X, Y] = square(1, left, upper, side);
    const [shaded, shade] = shading(X, Y, CELLS, 0.8);
    const frame = svg("rect", { x: left, y: upper, width: side, height: side, class: "grid" });
    drawing.append(shaded, frame, text(middle(k), upper - 7, k ? "network" : "target"));
    return shade;
  });

  const T = scale([0, MOST], [44, width - 12]);
  const E = scale([-6, 0], [height - 40, inputsY + 36]);
  const marks = [-6, -4, -2, 0];
  drawing.append(
    text(44, inputsY + 26, "error on the examples", "start", "small strong"),
    axes(T, E, {
      x: [0, 20, 40, 60],
      y: marks,
      yText: (e) => (e ? `10${raised(e)}` : "1"),
      xTitle: "step",
    }),
    text(T(MOST), inputsY + 26, "dashed: finer grid", "end"),
  );
  for (const at of FINER)
    drawing.append(svg("line", { x1: T(at), x2: T(at), y1: E(-6), y2: E(0), class: "axis dashed" }));
  const way = svg("path", { class: "curve green" });
  const dot = svg("circle", { r: 6, class: "handle green" });
  clipped(drawing, T, E, way);
  drawing.append(
    dot,
    dragArea(T, E, (x) => write(model, "steps", clamp(Math.round(T.back(x)), 0, MOST))),
  );

  let target = "";
  return () => {
    const { name, f, path: nets, errors } = runOf(model);
    const now = model.get("steps");
    const net = nets[now];
    boxes.forEach(({ x, y, zero, curve }, e) => {
      const reach = e < 4 ? 1 : nodeReach(net, e - 4);
      const knots = e < 4 ? net.inner : net.outer;
      const points = samples((v) => inner(net.rows[e], hillsAt(v, knots, 3)), ...ends(reach), 48);
      const values = points.map(([, v]) => v);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const half = Math.max(0.5, (high - low) / 2) * 1.15;
      const centre = (high + low) / 2; // a curve is free to be shifted
      const X = scale(ends(reach), [x, x + wide]);
      const Y = scale([centre - half, centre + half], [y + tall, y]);
      set(curve, { d: plot(points, X, Y) });
      const level = clamp(Y(0), y, y + tall);
      set(zero, { y1: level, y2: level });
    });
    if (target !== name) maps[0](f);
    target = name;
    maps[1]((x, y) => forward(net, [x, y]).output);
    const log = (error) => clamp(Math.log10(error), -6, 0);
    set(way, { d: plot(errors.slice(0, now + 1).map((error, t) => [t, log(error)]), T, E) });
    set(dot, { cx: T(now), cy: E(log(errors[now])) });
  };
}

const ends = (reach) => (typeof reach === "number" ? [-reach, reach] : reach);

// The least and the largest value of a hidden node on the square: its two curves are added.
function nodeReach(net, o) {
  const range = (row) => {
    const values = samples((v) => inner(row, hillsAt(v, net.inner, 3)), -1, 1, 24).map(([, v]) => v);
    return [Math.min(...values), Math.max(...values)];
  };
  const [a, b] = [range(net.rows[2 * o]), range(net.rows[2 * o + 1])];
  return [clamp(a[0] + b[0], -OUTER, OUTER - 0.1), clamp(a[1] + b[1], 0.1 - OUTER, OUTER)];
}

const MENU = [
  ["product", "product x y"],
  ["toy", "exp(sin πx + y²)"],
  ["wave", "oblique wave sin(2x + 2y)"],
  ["maximum", "larger of x and y"],
];

function controls(model, root) {
  const { steps, starts } = trainingSteps(model, root, { most: MOST, stride: 1, pause: 12 });
  return [choice(model, "target", { label: "target", options: MENU }), starts, steps];
}

const render = (context) =>
  figure(context, {
    label: "Six curves of a Kolmogorov–Arnold network, moving as it is trained",
    ask: [
      "Before you train: ",
      "the product is a difference of two squares of sums. Which of the six curves will be straight, and which will be bent?",
    ],
    answer: () =>
      "The net may find another formula: x y = ((x + y)² − x² − y²)/2. One node then has straight curves below and a parabola above, the other parabolas below and a straight line above. Other starts find other ways. The larger of two numbers, with its kink, resists: a spline is smooth.",
    watch: ["target", "steps", "seed"],
    controls,
    height: (width) => {
      const tall = Math.round(0.72 * Math.min(110, (width - 38) / 4));
      return 2 * tall + 104 + 34 + 148;
    },
    compute,
    build,
    describe: ({ intervals, error, unseen }) =>
      `After ${context.model.get("steps")} steps, with ${intervals} intervals a curve and ${6 * (intervals + 3)} numbers in all, the error on the examples is ${scientific(error)} and on unseen points ${scientific(unseen)}.`,
  });

export default { render };
