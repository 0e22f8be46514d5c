// A modern Hopfield network in the plane: its energy as a map, and a state that rolls into a valley.

const REACH = 2.2; // the map goes from −2.2 to 2.2
const UPDATES = 12;

const dot = ([a, b], [c, d]) => a * c + b * d;

// Softmax of the fits, and the logarithm of the sum of their exponentials.
function fitting(X, q, beta) {
  const fits = X.map((x) => beta * dot(x, q));
  const most = Math.max(...fits);
  const e = fits.map((fit) => Math.exp(fit - most));
  const total = sum(e);
  return { weights: e.map((one) => one / total), lse: most + Math.log(total) };
}

function updated(X, q, beta) {
  const { weights } = fitting(X, q, beta);
  return [0, 1].map((k) => sum(weights.map((w, i) => w * X[i][k])));
}

const energyAt = (X, q, beta) => -fitting(X, q, beta).lse / beta + dot(q, q) / 2;

function compute(model) {
  const X = model.get("stored");
  const beta = 2 ** model.get("sharpness");
  const path = [[model.get("q1"), model.get("q2")]];
  for (let n = 0; n < UPDATES; n++) path.push(updated(X, path[n], beta));
  const ends = X.map((x) => {
    let q = x;
    for (let n = 0; n < 80; n++) q = updated(X, q, beta);
    return q;
  });
  return {
    beta,
    weights: fitting(X, path[0], beta).weights,
    path,
    energies: path.map((q) => energyAt(X, q, beta)),
    ends,
  };
}

// Ends that lie together count once.
function apart(ends) {
  const kept = [];
  for (const end of ends)
    if (kept.every((one) => Math.hypot(one[0] - end[0], one[1] - end[1]) > 0.05)) kept.push(end);
  return kept;
}

// Where the state, or a pattern, stands, and how it is moved.
const placeOf = (model) => {
  const held = model.get("held");
  return held ? model.get("stored")[held - 1] : [model.get("q1"), model.get("q2")];
};

function moveHeld(model, place) {
  const [x, y] = place.map((v) => Math.round(20 * clamp(v, -REACH, REACH)) / 20);
  const held = model.get("held");
  if (held) return write(model, "stored", model.get("stored").with(held - 1, [x, y]));
  model.set("q1", x);
  write(model, "q2", y);
}

// A slider for one coordinate of what is held.
const along = (model, axis, label) =>
  slider(
    {
      get: () => placeOf(model)[axis],
      set: (_, value) => moveHeld(model, placeOf(model).with(axis, value)),
      save_changes: () => {},
    },
    label,
    { label, min: -REACH, max: REACH, step: 0.05 },
  );

const mapSide = (width) => Math.min(380, width);

function build(drawing, width, height, model) {
  const side = mapSide(width);
  const left = (width - side) / 2;
  const X = scale([-REACH, REACH], [left, left + side]);
  const Y = scale([-REACH, REACH], [side, 0]);
  const map = underlay(drawing, width, height);
  const places = gridPlaces(REACH);
  const values = new Float64Array(SIDE * SIDE);
  const levels = Array.from({ length: 7 }, () => svg("path", { class: "axis" }));
  const area = svg("rect", {
    ...{ x: left, y: 0, width: side, height: side, class: "drag-area drag-plane" },
    "data-drag": "state",
  });
  const pull = (held) => (x, y) => {
    model.set("held", held);
    moveHeld(model, [X.back(x), Y.back(y)]);
  };
  drag(area, pull(0));
  const grips = model.get("stored").map((_, k) => {
    const hold = svg("circle", { r: 16, class: "grip" });
    drag(hold, pull(k + 1));
    return hold;
  });
  const dots = model.get("stored").map(() => svg("circle", { class: "ink-fill" }));
  const names = dots.map((_, k) => svg("text", { class: "small halo" }, String(k + 1)));
  const rings = dots.map(() => svg("circle", { r: 11, class: "green", fill: "none", "stroke-width": 2.5 }));
  const trail = svg("path", { class: "curve blue" });
  const stops = Array.from({ length: UPDATES }, () => svg("circle", { r: 3, class: "blue-fill" }));
  const state = knob("blue", "knob", pull(0));
  const frame = svg("rect", { x: left, y: 0, width: side, height: side, class: "axis" });
  const shown = [...levels, frame, ...rings, ...dots, ...names, trail, ...stops];
  drawing.append(...shown, area, ...grips, state.node);

  return ({ beta, weights, path, ends }) => {
    const stored = model.get("stored");
    for (let i = 0; i < SIDE * SIDE; i++)
      values[i] = energyAt(stored, [places[2 * i], places[2 * i + 1]], beta);
    const low = values.reduce((a, b) => Math.min(a, b));
    map.clear();
    map.paint(values, { to: (e) => 1 - 1.4 * Math.sqrt((e - low) / 2.2) }, left, 0, side);
    levels.forEach((level, n) => {
      const height = low + 0.04 * 2 ** n;
      set(level, { d: zeroLine(values.map((e) => e - height), left, 0, side) });
    });
    stored.forEach(([x, y], k) => {
      set(dots[k], { cx: X(x), cy: Y(y), r: 3 + 6 * Math.sqrt(weights[k]) });
      set(names[k], { x: X(x) + 11, y: Y(y) - 8 });
      set(grips[k], { cx: X(x), cy: Y(y) });
    });
    const valleys = apart(ends);
    rings.forEach((ring, k) => {
      const there = k < valleys.length;
      set(ring, { visibility: there ? "visible" : "hidden" });
      if (there) set(ring, { cx: X(valleys[k][0]), cy: Y(valleys[k][1]) });
    });
    set(trail, { d: plot(path, X, Y) });
    stops.forEach((stop, n) => set(stop, { cx: X(path[n + 1][0]), cy: Y(path[n + 1][1]) }));
    state.at(X(path[0][0]), Y(path[0][1]));
  };
}

function describe({ beta, weights, path, energies, ends }) {
  const count = apart(ends).length;
  const k = weights.indexOf(Math.max(...weights));
  return (
    `β = ${fixed(beta)}: from the five patterns one comes to ${count === 1 ? "a single valley" : `${count} valleys`} (green rings). ` +
    `The state gives pattern ${k + 1} the weight ${fixed(weights[k])}; one update takes it to (${fixed(path[1][0])}, ${fixed(path[1][1])}), ` +
    `and its energy from ${fixed(energies[0], 3)} to ${fixed(energies[1], 3)}, after ${UPDATES} to ${fixed(energies[UPDATES], 3)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "Energy of a modern Hopfield network in the plane, and a state that falls into a valley",
    ask: [
      "Before you move β: ",
      "five patterns are stored. How many valleys will a small β leave, and how many a large one?",
    ],
    answer: () =>
      "A small β leaves one, near the mean of all; as β grows, patterns that lie apart part first and close neighbours last.",
    watch: ["stored", "q1", "q2", "sharpness", "held"],
    controls: (model) => [
      slider(model, "sharpness", {
        ...{ label: "β", min: -2, max: 5, step: 0.1 },
        text: (v) => fixed(2 ** v),
      }),
      choice(model, "held", {
        label: "move",
        options: ["the state", ...model.get("stored").map((_, k) => `pattern ${k + 1}`)].map(
          (name, held) => [held, name],
        ),
      }),
      along(model, 0, "across"),
      along(model, 1, "up"),
    ],
    height: (width) => mapSide(width) + 4,
    compute,
    build,
    describe,
  });

export default { render };
