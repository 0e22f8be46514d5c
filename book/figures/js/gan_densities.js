// Two networks in training on a line: the densities of real and generated points, and under them
// what the discriminator says beside what the best one would say.

const RULES = ["data", "loss", "visits", "penalty", "seed"];
const MOST_STEPS = 1500;

// A game goes on from where it stands; only other rules, or fewer steps, begin it anew.
const games = new WeakMap();
function gameOf(model) {
  const rules = Object.fromEntries(RULES.map((key) => [key, model.get(key)]));
  const name = JSON.stringify(rules);
  const steps = model.get("steps");
  let game = games.get(model);
  if (game?.name !== name || game.steps > steps) game = { ...newGame(rules), name };
  games.set(model, game);
  while (game.steps < steps) takeStep(game);
  return game;
}

const log = (part, whole) => (part > 0 ? part * Math.log(part / whole) : 0);

function compute(model) {
  const { players, data, steps } = gameOf(model);
  const [p, q] = [realMasses(data), generatedMasses(players.G)];
  const D = range(COUNT, (i) => sigmoid(judge(players.D, cellAt(i))[0]));
  let [js, cost] = [0, 0];
  for (let i = 0; i < COUNT; i++) {
    const middle = (p[i] + q[i]) / 2;
    js += (log(p[i], middle) + log(q[i], middle)) / 2;
    cost -= p[i] * Math.log(D[i]) + q[i] * Math.log(1 - D[i]);
  }
  return {
    p: Array.from(p, (mass) => mass / WIDTH),
    q: Array.from(q, (mass) => mass / WIDTH),
    D: [...D],
    best: Array.from(p, (mass, i) => (mass + q[i] === 0 ? 0.5 : mass / (mass + q[i]))),
    js,
    cost,
    least: Math.log(4) - 2 * js,
    steps,
    at: model.get("at"),
    rules: RULES.map((key) => model.get(key)),
  };
}

// ---- drawing -------------------------------------------------------------------------------

const HIGH = 1.2; // densities above this are cut off
const SEEN = 0.01; // a density smaller than this is no more than the line of the axis

// Whether points come to a cell often enough to be seen.
const visited = ({ p, q }, i) => p[i] + q[i] > SEEN;

const cellOf = (x) => clamp(Math.floor((x + 5) / WIDTH), 0, COUNT - 1);

function build(drawing, width, height, model) {
  const [left, right] = [34, width - 8];
  const X = scale([-5, 5], [left, right]);
  const P = scale([0, HIGH], [188, 40]);
  const V = scale([0, 1], [height - 24, height - 136]);
  const heading = (x, y, color, text) =>
    svg("text", { x, y, class: `small strong ${color}` }, text);
  const row = (y, ...parts) => {
    const all = svg("text", { x: left, y, class: "small strong" });
    for (const [color, text] of parts) all.append(svg("tspan", { class: `${color}-fill` }, text));
    return all;
  };
  const areas = {
    p: svg("path", { class: "area blue-fill" }),
    q: svg("path", { class: "area orange-fill" }),
  };
  const curves = {
    p: svg("path", { class: "curve blue" }),
    q: svg("path", { class: "curve orange" }),
    best: svg("path", { class: "curve ink dashed" }),
    D: svg("path", { class: "curve green" }),
  };
  const cut = heading(right, 52, "", "");
  set(cut, { "text-anchor": "end" });
  drawing.append(
    row(14, ["blue", "p: real points"]),
    row(31, ["orange", "q: generated points"]),
    axes(X, P, { x: [-4, -2, 0, 2, 4], y: [0, 0.5, 1], xTitle: "x" }),
  );
  clipped(drawing, X, P, areas.p, areas.q, curves.p, curves.q);
  drawing.append(
    heading(left, height - 160, "green", "D: how real the discriminator finds x"),
    heading(left, height - 144, "", "dashed: the best one, p/(p + q)"),
    axes(X, V, { x: [-4, -2, 0, 2, 4], y: [0, 0.5, 1], xTitle: "x" }),
    curves.best,
    curves.D,
    cut,
  );
  const probe = svg("line", { y1: 40, y2: height - 24, class: "axis" });
  const dots = { p: "blue", q: "orange", D: "green", best: "ink" };
  for (const [key, color] of Object.entries(dots))
    dots[key] = svg("circle", { r: 5, class: `handle ${color}` });
  drawing.append(probe, ...Object.values(dots));
  for (const Y of [P, V])
    drawing.append(dragArea(X, Y, (x) => write(model, "at", cellOf(X.back(x)))));
  const points = (values, Y) => Array.from(values, (value, i) => [X(cellAt(i)), Y(value)]);
  // The dashed curve stands only where there is something to judge, in one piece or in several.
  const pieces = (state) => {
    const found = [[]];
    points(state.best, V).forEach((point, i) => {
      if (visited(state, i)) found.at(-1).push(point);
      else if (found.at(-1).length) found.push([]);
    });
    return found.map(path).join("");
  };
  return (state) => {
    for (const key of ["p", "q"]) {
      const line = points(state[key], P);
      set(curves[key], { d: path(line) });
      set(areas[key], { d: path([[line[0][0], P(0)], ...line, [line[COUNT - 1][0], P(0)]]) });
    }
    set(curves.D, { d: path(points(state.D, V)) });
    set(curves.best, { d: pieces(state) });
    const x = X(cellAt(state.at));
    set(probe, { x1: x, x2: x });
    for (const [key, dot] of Object.entries(dots)) {
      const Y = key === "p" || key === "q" ? P : V;
      set(dot, { cx: x, cy: Y(Math.min(state[key][state.at], key === "q" ? HIGH : 2)) });
    }
    dots.best.style.display = visited(state, state.at) ? "" : "none";
    const most = Math.max(...state.q);
    cut.textContent = most > HIGH ? `q reaches ${fixed(most, 1)}` : "";
  };
}

function verdict({ p, q, best }, at) {
  if (!visited({ p, q }, at)) return "so next to no point comes here, and no answer costs much";
  const sure = q[at] === 0 ? ", sure: no generated point comes here" : "";
  return `so the best answer is ${fixed(best[at])}${sure}`;
}

function describe({ p, q, D, best, js, cost, least, steps, at }) {
  return (
    `Step ${steps}: Jensen–Shannon ${fixed(js, 3)}, of at most 0.693. The discriminator's loss is ` +
    `${fixed(cost, 3)}, the best one's ${fixed(least, 3)}, at balance 1.386. ` +
    `At x = ${fixed(cellAt(at), 2)}: p = ${fixed(p[at])}, q = ${fixed(q[at])}, ` +
    `${verdict({ p, q, best }, at)}; D says ${fixed(D[at])}.`
  );
}

function controls(model, root) {
  const step = (count) => {
    const steps = Math.min(MOST_STEPS, model.get("steps") + count);
    write(model, "steps", steps);
    return steps < MOST_STEPS;
  };
  let left = 0;
  const timer = clock(root, () => step(10) && --left > 0, 12);
  const run = () => {
    left = timer.running() ? 0 : 30;
    if (left) timer.start();
    else timer.stop();
  };
  const reset = () => {
    timer.stop();
    write(model, "steps", 0);
  };
  const other = () => write(model, "seed", (model.get("seed") % 999) + 1);
  // Other rules begin another game. This hears of them before the drawing does.
  for (const key of RULES) model.on(`change:${key}`, reset);
  const end = () => {
    timer.end();
    for (const key of RULES) model.off(`change:${key}`, reset);
  };
  return [
    choice(model, "data", {
      label: "real points",
      options: Object.keys(HUMPS).map((one) => [one, one]),
    }),
    choice(model, "loss", {
      label: "loss of G",
      options: [
        ["non-saturating", "non-saturating"],
        ["minimax", "minimax"],
      ],
    }),
    choice(model, "visits", {
      label: "D moves per G",
      options: [1, 2, 3, 5].map((count) => [count, String(count)]),
    }),
    buttons(
      [
        ["Run", run, "run"],
        ["Step", () => step(1), "step"],
        ["Reset", reset, "reset"],
        ["Draw new weights", other, "other"],
      ],
      ({ steps }, start, one, again) => {
        timer.pauses(start);
        start.disabled = one.disabled = steps >= MOST_STEPS;
        again.disabled = steps === 0;
      },
      end,
    ),
    slider(model, "at", {
      label: "look at x",
      ...{ min: 0, max: COUNT - 1, step: 1, text: (at) => fixed(cellAt(at)) },
    }),
    slider(model, "penalty", { label: "slope penalty", min: 0, max: 1, step: 0.05 }),
  ];
}

const render = (context) =>
  figure(context, {
    label:
      "Densities of real and generated points on a line, and the discriminator beside the best one",
    ask: [
      "Before you press Run: ",
      "the best discriminator is drawn dashed. Where will the orange points go first, and what " +
        "becomes of the dashed line if they ever match the blue ones?",
    ],
    answer: () =>
      "Generated points climb along the slope of the green curve, to where it is high. While they " +
      "move, so does the dashed line; when both densities agree it lies at ½ everywhere. Where real " +
      "points come and generated ones never do, it jumps to 1: there the best one is sure. With " +
      "two humps, watch how often q leaves one hump for the other.",
    watch: [...RULES, "steps", "at"],
    controls,
    height: () => 394,
    compute,
    build,
    describe,
  });

export default { render };
