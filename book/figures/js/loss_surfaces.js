// Two losses of one sigmoid unit as maps over its weight and bias, and gradient descent on both,
// from one start that a reader drags.

const XS = [-2.0, -1.2, -0.5, 0.3, 0.9, 1.8];
const YS = [0, 0, 1, 0, 1, 1];
const REACH = 8; // w and b go from −8 to 8
const CELLS = 40; // along each edge of a map
const MOST_STEPS = 300;

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

// name: what it is called, colour, L(z, y), ∂L/∂z for one example, heights of the contour lines
const LOSSES = {
  squared: {
    title: "squared error",
    color: "blue",
    loss: (z, y) => (sigmoid(z) - y) ** 2,
    slope: (z, y) => {
      const a = sigmoid(z);
      return 2 * (a - y) * a * (1 - a);
    },
    gap: 0.05,
  },
  entropy: {
    title: "cross-entropy",
    color: "orange",
    loss: (z, y) => softplus(z) - y * z,
    slope: (z, y) => sigmoid(z) - y,
    gap: 0.5,
  },
};

const mean = (f) => sum(XS.map((x, i) => f(x, YS[i]))) / XS.length;

function descend({ slope }, start, rate, steps) {
  let { w, b } = start;
  const path = [[w, b]];
  const wrong = [];
  for (let step = 0; ; step++) {
    wrong.push(mean((x, y) => Math.abs(sigmoid(w * x + b) - y)));
    const dw = mean((x, y) => slope(w * x + b, y) * x);
    const db = mean((x, y) => slope(w * x + b, y));
    if (step === steps) return { w, b, gradient: Math.hypot(dw, db), wrong, path };
    [w, b] = [w - rate * dw, b - rate * db];
    path.push([w, b]);
  }
}

function compute(model) {
  const start = { w: model.get("w"), b: model.get("b") };
  const [rate, steps] = [model.get("rate"), model.get("steps")];
  const found = { start, steps };
  for (const [name, one] of Object.entries(LOSSES)) found[name] = descend(one, start, rate, steps);
  return found;
}

// Contour lines of f over the map, `gap` apart in height, by marching squares: in each cell a line
// joins the edges along which f passes the level.
function contours(f, gap, X, Y) {
  const at = (i) => REACH * ((2 * i) / CELLS - 1);
  const heights = Array.from({ length: CELLS + 1 }, (_, i) =>
    Array.from({ length: CELLS + 1 }, (_, j) => f(at(i), at(j)) / gap),
  );
  const lines = [];
  for (let i = 0; i < CELLS; i++) {
    for (let j = 0; j < CELLS; j++) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ].map(([k, l]) => [at(k), at(l), heights[k][l]]);
      const all = corners.map((corner) => corner[2]);
      for (let level = Math.ceil(Math.min(...all)); level < Math.max(...all); level++) {
        const crossings = corners.flatMap((from, side) => {
          const to = corners[(side + 1) % 4];
          if (from[2] < level === to[2] < level) return [];
          const share = (level - from[2]) / (to[2] - from[2]);
          return [[X(from[0] + share * (to[0] - from[0])), Y(from[1] + share * (to[1] - from[1]))]];
        });
        for (let k = 0; k + 1 < crossings.length; k += 2)
          lines.push(path([crossings[k], crossings[k + 1]]));
      }
    }
  }
  return lines.join("");
}

function buildMap(drawing, name, [left, right], [bottom, top], model, first) {
  const { title, color, loss, gap } = LOSSES[name];
  const X = scale([-REACH, REACH], [left, right]);
  const Y = scale([-REACH, REACH], [bottom, top]);
  const height = (w, b) => mean((x, y) => loss(w * x + b, y));
  const trail = svg("path", { class: `curve ${color}` });
  const dots = svg("g");
  const end = svg("circle", { r: 5.5, class: `${color}-fill` });
  drawing.append(
    svg("text", { x: left, y: top - 10, class: `strong ${color}` }, title),
    axes(X, Y, { x: [-5, 0, 5], y: first ? [-5, 0, 5] : [], xTitle: "w", yTitle: first ? "b" : "" }),
  );
  const lines = svg("path", { class: "axis", d: contours(height, gap, X, Y) });
  clipped(drawing, X, Y, lines, trail, dots, end);
  const tenth = (value) => Math.round(10 * clamp(value, -REACH, REACH)) / 10;
  const move = (x, y) => {
    model.set("w", tenth(X.back(x)));
    model.set("b", tenth(Y.back(y)));
    model.save_changes();
  };
  const area = dragArea(X, Y, move);
  area.classList.add("drag-plane");
  const start = knob("ink", name, move);
  drawing.append(area, start.node);
  return ({ start: from, [name]: { w, b, path: steps } }) => {
    start.at(X(from.w), Y(from.b));
    set(end, { cx: X(w), cy: Y(b) });
    set(trail, { d: plot(steps, X, Y) });
    dots.replaceChildren(
      ...steps.map(([u, v]) => svg("circle", { cx: X(u), cy: Y(v), r: 2, class: `${color}-fill` })),
    );
  };
}

function build(drawing, width, height, model) {
  const side = Math.min(300, (width - 34 - 14) / 2);
  const [top, bottom] = [26, 26 + Math.max(side, 170)];
  const maps = [
    buildMap(drawing, "squared", [30, 30 + side], [bottom, top], model, true),
    buildMap(drawing, "entropy", [width - 4 - side, width - 4], [bottom, top], model, false),
  ];

  const Y = scale([0, 1], [height - 38, bottom + 58]);
  const frame = svg("g");
  const curves = Object.fromEntries(
    Object.entries(LOSSES).map(([name, { color }]) => [
      name,
      svg("path", { class: `curve ${color}` }),
    ]),
  );
  drawing.append(
    svg("text", { x: 30, y: bottom + 46, class: "strong" }, "mean of |a − y| after each step"),
    frame,
    ...Object.values(curves),
  );
  return (state) => {
    maps.forEach((show) => show(state));
    const T = scale([0, Math.max(20, state.steps)], [30, width - 12]);
    const last = T.back(width - 12);
    const X = { x: [0, last / 2, last], xText: (step) => String(Math.round(step)) };
    frame.replaceChildren(axes(T, Y, { ...X, y: [0, 0.5, 1], xTitle: "step" }));
    for (const name of Object.keys(LOSSES))
      set(curves[name], { d: plot(state[name].wrong.map((value, step) => [step, value]), T, Y) });
  };
}

const reading = (name, { wrong, gradient, w, b }) =>
  `${name}: wrong by ${fixed(wrong.at(-1))}, at w = ${fixed(w)}, b = ${fixed(b)}, gradient ${scientific(gradient)}.`;

const describe = ({ steps, squared, entropy }) =>
  `After ${steps} steps. ${reading("Squared error", squared)} ${reading("Cross-entropy", entropy)}`;

function controls(model, root) {
  const timer = clock(
    root,
    () => {
      const steps = model.get("steps");
      if (steps < MOST_STEPS) write(model, "steps", steps + 1);
      return steps + 1 < MOST_STEPS;
    },
    30,
  );
  const run = () => {
    if (timer.running()) return timer.stop();
    if (model.get("steps") >= MOST_STEPS) write(model, "steps", 0);
    timer.start();
  };
  const reset = () => {
    timer.stop();
    write(model, "steps", 0);
  };
  const start = { min: -REACH, max: REACH, step: 0.1 };
  return [
    slider(model, "w", { label: "w at the start", ...start }),
    slider(model, "b", { label: "b at the start", ...start }),
    slider(model, "rate", { label: "learning rate", min: 0.1, max: 4, step: 0.1 }),
    slider(model, "steps", { label: "steps", min: 0, max: MOST_STEPS, step: 1, text: String }),
    buttons(
      [
        ["Run", run, "run"],
        ["Reset", reset, "reset"],
      ],
      ({ steps }, start, again) => {
        timer.pauses(start);
        again.disabled = steps === 0;
      },
      timer.end,
    ),
  ];
}

const render = (context) =>
  figure(context, {
    label: "Squared error and cross-entropy of a sigmoid unit, and gradient descent on both",
    ask: [
      "Before you press Run: ",
      "the same unit, start and learning rate, yet one descent has stayed behind. How many more steps does it need?",
    ],
    answer: () =>
      "From the first start it is wrong by less than 0.35 after 81 steps, where cross-entropy needs 8. From " +
      "w = −5, b = 3 it takes 271, and from w = −5, b = 0 all 300 bring next to nothing: out there the left map has " +
      "hardly a contour line to fall across.",
    watch: ["w", "b", "rate", "steps"],
    controls,
    height: (width) => 26 + Math.max(Math.min(300, (width - 48) / 2), 170) + 194,
    compute,
    build,
    describe,
  });

export default { render };
