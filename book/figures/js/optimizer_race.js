// Six optimizers leave one point of a surface together.

const MOST_STEPS = 200;
const FAR = 20; // a racer beyond this has left the map for good, and stands still
const WINDOW = [3, 2]; // the map shows −3 to 3 and −2 to 2

// name: [menu, L(x, y), gradient, start, heights of the contour lines]
const SURFACES = {
  along: [
    "a long valley along the axes",
    (x, y) => 0.1 * x * x + 2 * y * y,
    (x, y) => [0.2 * x, 4 * y],
    [-2.4, 0.9],
    [0.05, 0.2, 0.5, 1, 2, 4, 7],
  ],
  across: [
    "the same valley, turned by 45°",
    (x, y) => 0.05 * (x + y) ** 2 + (y - x) ** 2,
    (x, y) => [0.1 * (x + y) - 2 * (y - x), 0.1 * (x + y) + 2 * (y - x)],
    [-2.4, 0.6],
    [0.05, 0.3, 1, 2.5, 5, 10, 17],
  ],
  bent: [
    "a bent valley (Rosenbrock's)",
    (x, y) => (1 - x / 2) ** 2 + 10 * ((y + 1.5) / 1.5 - (x * x) / 4) ** 2,
    (x, y) => {
      const a = x / 2;
      const across = 20 * ((y + 1.5) / 1.5 - a * a);
      return [(2 * (a - 1) - 2 * a * across) / 2, across / 1.5];
    },
    [-2.4, 1.2],
    [0.1, 0.5, 1.5, 4, 10, 25],
  ],
  saddle: [
    "a saddle between two hollows",
    (x, y) => (x * x) / 2 - (y * y) / 2 + y ** 4 / 8 + 0.5,
    (x, y) => [x, -y + y ** 3 / 2],
    [-2.4, 0.02],
    [0.02, 0.1, 0.25, 0.5, 1, 2, 3.5],
  ],
  many: [
    "many valleys",
    (x, y) => (3.24 * (x * x + y * y)) / 20 + 1 - (Math.cos(3.6 * x) + Math.cos(3.6 * y)) / 2,
    (x, y) => [1.8 * (0.18 * x + Math.sin(3.6 * x)), 1.8 * (0.18 * y + Math.sin(3.6 * y))],
    [-2.3, 1.2],
    [0.1, 0.4, 0.7, 1, 1.4, 1.9, 2.4],
  ],
};

// One coordinate's step: (gradient, state, rate, number of the step) → how far to go down; the state
// is a small object that belongs to one racer and one coordinate.
const carry = (s, g) => (s.v = 0.9 * (s.v ?? 0) + g);
const RACERS = [
  ["gradient descent", "ink", (g, s, lr) => lr * g, 0],
  ["momentum", "blue", (g, s, lr) => lr * carry(s, g), 0],
  ["Nesterov", "blue dashed", (g, s, lr) => lr * (g + 0.9 * carry(s, g)), 0],
  [
    "AdaGrad",
    "orange dashed",
    (g, s, lr) => (lr * g) / (Math.sqrt((s.s = (s.s ?? 0) + g * g)) + 1e-10),
    1,
  ],
  [
    "RMSProp",
    "orange",
    (g, s, lr) => (lr * g) / (Math.sqrt((s.s = 0.9 * (s.s ?? 0) + (1 - 0.9) * g * g)) + 1e-8),
    1,
  ],
  [
    "Adam",
    "green",
    (g, s, lr, n) => {
      s.m = 0.9 * (s.m ?? 0) + (1 - 0.9) * g;
      s.v = 0.999 * (s.v ?? 0) + (1 - 0.999) * g * g;
      return (lr * (s.m / (1 - 0.9 ** n))) / (Math.sqrt(s.v / (1 - 0.999 ** n)) + 1e-8);
    },
    1,
  ],
];

function raceOf(step, gradient, start, lr, steps) {
  const path = [start];
  const states = [{}, {}];
  for (let n = 1; n <= steps; n++) {
    const here = path[n - 1];
    const slopes = gradient(...here);
    path.push(here.map((at, k) => at - step(slopes[k], states[k], lr, n)));
    if (Math.max(...path[n].map(Math.abs)) > FAR) return { path, left: true };
  }
  return { path, left: false };
}

function compute(model) {
  const surface = model.get("surface");
  const [, loss, gradient] = SURFACES[surface];
  const start = [model.get("x"), model.get("y")];
  const rates = [10 ** model.get("power"), 10 ** model.get("adaptive_power")];
  const steps = model.get("steps");
  const races = RACERS.map(([, , step, kind]) => raceOf(step, gradient, start, rates[kind], steps));
  const ends = races.map(({ path }) => path[path.length - 1]);
  return {
    surface,
    start,
    steps,
    paths: races.map(({ path }) => path),
    x: ends.map(([x]) => x),
    y: ends.map(([, y]) => y),
    loss: ends.map((end) => loss(...end)),
    left: races.map(({ left }) => left),
  };
}

// The contour lines of a surface depend on it and on the width alone.
function contours(surface, X, Y) {
  const [, loss, , , heights] = SURFACES[surface];
  return heights.map((height) => border((x, y) => loss(x, y) - height, X, Y, 48)).join("");
}

function build(drawing, width, height, model) {
  const wide = width >= 600; // the board beside the map, or below it
  const across = wide ? width - 236 : width - 2;
  const tall = ((across - 25) * 2) / 3;
  const X = scale([-WINDOW[0], WINDOW[0]], [26, 1 + across]);
  const Y = scale([-WINDOW[1], WINDOW[1]], [1 + tall, 1]);
  const frame = { x: 26, y: 1, width: across - 25, height: tall };
  const lines = svg("path", { class: "grid" });
  const trails = RACERS.map(([, look]) =>
    svg("path", { class: `curve ${look}`, "stroke-width": 1.8 }),
  );
  const heads = RACERS.map(([, look], i) => badge(look, i + 1));
  const place = ([x, y]) => {
    write(model, "x", rounded(X.back(x), -WINDOW[0], WINDOW[0], 0.02));
    write(model, "y", rounded(Y.back(y), -WINDOW[1], WINDOW[1], 0.02));
  };
  const start = knob("ink", "start", (x, y) => place([x, y]));
  const ground = svg("rect", { ...frame, class: "drag-area drag-plane" });
  drag(ground, (x, y) => place([x, y]));
  drawing.append(
    svg("rect", { ...frame, class: "grid" }),
    axes(X, Y, { x: [-2, 0, 2], y: [-1, 0, 1], xTitle: "x", yTitle: "y" }),
  );
  clipped(drawing, X, Y, lines, ...trails, ...heads.map(({ node }) => node));
  drawing.append(ground, start.node);

  const [left, first] = wide ? [across + 24, 44] : [14, tall + 66];
  drawing.append(
    svg("text", { x: left - 12, y: first - 22, class: "strong" }, "height above 0, now"),
  );
  const rows = RACERS.map(([name, look], i) => {
    const y = first + 25 * i;
    const mark = badge(look, i + 1);
    mark.at(left, y - 4);
    const text = svg("text", { x: left + 16, y }, name);
    const now = svg("text", { x: wide ? width - 4 : left + 220, y, "text-anchor": "end" });
    drawing.append(mark.node, text, now);
    return { text, now };
  });

  let drawnFor = "";
  return ({ surface, start: from, paths, x, y, loss, left: gone }) => {
    if (drawnFor !== surface) set(lines, { d: contours(surface, X, Y) });
    drawnFor = surface;
    const best = Math.min(...loss);
    start.at(X(from[0]), Y(from[1]));
    RACERS.forEach((_, i) => {
      set(trails[i], { d: plot(paths[i], X, Y) });
      heads[i].at(X(x[i]), Y(y[i]));
      rows[i].now.textContent = gone[i] ? "left the map" : scientific(loss[i]);
      for (const node of [rows[i].text, rows[i].now])
        set(node, { class: loss[i] === best ? "strong" : "" });
    });
  };
}

// A racer's number in a ring of its colour.
function badge(look, number) {
  const node = svg(
    "g",
    {},
    svg("circle", { r: 9, class: `handle ${look.replace(" dashed", "")}`, "stroke-width": 2 }),
    svg("text", { y: 4, "text-anchor": "middle", class: "small" }, String(number)),
  );
  if (look.includes("dashed")) set(node.firstChild, { "stroke-dasharray": "4 3" });
  return {
    node,
    at: (x, y) => set(node, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }),
  };
}

function describe({ start, steps, loss, left, x, y }) {
  const order = loss.map((_, i) => i).sort((i, j) => loss[i] - loss[j]);
  const [first] = order;
  const lost = RACERS.filter((_, i) => left[i]).map(([name]) => name);
  const away = lost.length ? ` Left the map: ${lost.join(", ")}.` : "";
  const lead = steps
    ? `${RACERS[first][0]} is lowest, at (${fixed(x[first])}, ${fixed(y[first])}), height ${scientific(loss[first])}.`
    : `All stand at height ${scientific(loss[0])}.`;
  return `After ${steps} steps from (${fixed(start[0])}, ${fixed(start[1])}): ${lead}${away}`;
}

const ANSWERS = {
  along:
    "The dividing three have a rate for each axis, and for them this valley is hardly one: 5 is at the bottom first. " +
    "But its steps never shrink, so it stays in motion around it, and in the end 3 is lowest.",
  across:
    "Turned, the valley looks the same from both axes, and a rate for each axis helps no longer. Momentum cares for no axes.",
  bent: "Steps in proportion to the slope are thrown off the steep walls, unless their rate is small; and then they creep along the floor.",
  saddle:
    "Near the ridge the slope is tiny, and so are steps in proportion to it. One step, and those that divide by it are off.",
  many: "Nearly all stay in the valley that they started in. Momentum at a rate of 0.2 rolls on into a lower one.",
};

function controls(model, root) {
  const surface = choice(model, "surface", {
    label: "surface",
    options: Object.entries(SURFACES).map(([name, [text]]) => [name, text]),
  });
  surface.nodes[1].addEventListener("change", () => {
    const [x, y] = SURFACES[model.get("surface")][3];
    write(model, "x", x);
    write(model, "y", y);
  });
  const step = () => {
    if (model.get("steps") >= MOST_STEPS) return false;
    write(model, "steps", model.get("steps") + 1);
    return true;
  };
  const timer = clock(root, step, 30);
  const run = () => {
    if (timer.running()) return timer.stop();
    if (model.get("steps") >= MOST_STEPS) write(model, "steps", 0);
    timer.start();
  };
  const power = (label, key) =>
    slider(model, key, { label, min: -3, max: 0, step: 0.05, text: (p) => scientific(10 ** p) });
  return [
    surface,
    power("rate of 1, 2, 3", "power"),
    power("rate of 4, 5, 6", "adaptive_power"),
    slider(model, "steps", { label: "steps", min: 0, max: MOST_STEPS, step: 1, text: String }),
    buttons(
      [
        ["Run", run, "run"],
        ["Step", step, "step"],
        ["Reset", () => (timer.stop(), write(model, "steps", 0)), "reset"],
      ],
      ({ steps }, start, one, again) => {
        timer.pauses(start);
        one.disabled = steps >= MOST_STEPS;
        again.disabled = steps === 0;
      },
      timer.end,
    ),
  ];
}

const render = (context) =>
  figure(context, {
    label: "Six optimizers on a surface seen from above, with contour lines",
    ask: ["Before you press Run: ", "twelve steps are taken. Who will be lowest after 200?"],
    answer: ({ surface }) => ANSWERS[surface],
    watch: ["surface", "x", "y", "power", "adaptive_power", "steps"],
    controls,
    height: (width) => (width >= 600 ? ((width - 261) * 2) / 3 + 24 : ((width - 27) * 2) / 3 + 210),
    compute,
    build,
    describe,
  });

export default { render };
