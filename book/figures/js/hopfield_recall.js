// A Hopfield network: draw or spoil a picture, and watch it fall into a memory, unit by unit.

const MOST = 500; // looks
const PAD_TOP = 22;

// 0 … n − 1, in an order drawn with a seed.
function shuffled(seed, n) {
  const next = uniform(seed);
  const keys = Array.from({ length: n }, next);
  return keys.map((_, i) => i).sort((a, b) => keys[a] - keys[b]);
}

// N² times the weights' entries without the diagonal, as whole numbers: a field of 0 is exactly 0.
function weightsOf(memories) {
  const W = new Float64Array(UNITS * UNITS);
  for (const x of memories)
    for (let i = 0; i < UNITS; i++)
      for (let j = 0; j < UNITS; j++) if (i !== j) W[i * UNITS + j] += x[i] * x[j];
  return W;
}

function fieldsOf(W, s) {
  return Float64Array.from(s, (_, i) => {
    let h = 0;
    for (let j = 0; j < UNITS; j++) h += W[i * UNITS + j] * s[j];
    return h;
  });
}

// N times the energy, exactly.
const energyOf = (fields, s) => -s.reduce((total, one, i) => total + one * fields[i], 0) / 2;

function compute(model) {
  const memories = model.get("memories").map(asSpins);
  const W = weightsOf(memories);
  const s = asSpins(model.get("base"));
  const seed = model.get("seed");
  const turned = Math.floor(model.get("noise") * UNITS + 0.5);
  for (const i of shuffled(seed, UNITS).slice(0, turned)) s[i] = -s[i];

  const h = fieldsOf(W, s);
  const energies = [energyOf(h, s)];
  let [flips, last, field, order] = [0, -1, 0, []];
  for (let step = 0; step < model.get("steps"); step++) {
    if (step % UNITS === 0) order = shuffled(seed + 1 + step / UNITS, UNITS);
    last = order[step % UNITS];
    field = h[last] / UNITS;
    let energy = energies[step];
    if (h[last] * s[last] < 0) {
      energy += 2 * s[last] * h[last];
      s[last] = -s[last];
      for (let i = 0; i < UNITS; i++) h[i] += 2 * s[last] * W[last * UNITS + i];
      flips++;
    }
    energies.push(energy);
  }
  const overlap = (x) => x.reduce((total, one, i) => total + one * s[i], 0) / UNITS;
  return {
    state: asPicture(s),
    energies: energies.map((energy) => energy / UNITS),
    flips,
    last,
    field,
    restless: patches(UNITS).filter((i) => s[i] * h[i] < 0),
    overlaps: memories.map(overlap),
    depths: memories.map((x) => energyOf(fieldsOf(W, x), x) / UNITS),
    cell: model.get("cell"),
    chosen: model.get("chosen"),
  };
}

function buildCurve(drawing, width, top, bottom) {
  const [left, right] = [40, width - 12];
  const grid = svg("g");
  const curve = svg("path", { class: "curve orange" });
  const head = svg("circle", { r: 5, class: "orange-fill" });
  const title = svg("text", { x: 0, y: top - 12, class: "strong" }, "energy");
  const legend = svg(
    "text",
    { x: right, y: top - 12, "text-anchor": "end", class: "small" },
    "dashed: the memories",
  );
  drawing.append(title, legend, grid, curve, head);
  return ({ energies, depths }) => {
    const low = -20 * Math.ceil((2 - Math.min(...energies, ...depths, -40)) / 20);
    const high = Math.max(5, ...energies);
    const looks = energies.length - 1 > 200 ? MOST : 200;
    const X = scale([0, looks], [left, right]);
    const Y = scale([low, high], [bottom, top]);
    const ticks = [0, looks / 2, looks];
    grid.replaceChildren(axes(X, Y, { x: ticks, y: [low, low / 2, 0] }));
    depths.forEach((depth) =>
      grid.append(
        svg("line", {
          ...{ x1: left, x2: right, y1: Y(depth), y2: Y(depth) },
          class: "green dashed",
        }),
      ),
    );
    set(curve, { d: plot(energies.map((energy, step) => [step, energy]), X, Y) });
    set(head, { cx: X(energies.length - 1), cy: Y(energies[energies.length - 1]) });
  };
}

const padSide = (width) => Math.min(290, Math.floor(width * 0.58));

function build(drawing, width, height, model) {
  const side = padSide(width);
  let state = "";
  const label = (x, text) => svg("text", { x, y: 13, class: "strong" }, text);
  const left = side + 12;
  const room = width - left;
  drawing.append(label(0, "the units"), label(left + 6, room > 200 ? "memories, with overlaps" : "memories"));
  const pad = buildPad(drawing, 0, PAD_TOP, side, model, () => state);
  const memories = buildMemories(drawing, left, PAD_TOP, room, model);
  const curve = buildCurve(drawing, width, PAD_TOP + side + 58, height - 38);
  const legend = "orange dot: would flip; frame: the last to look";
  drawing.append(svg("text", { x: 0, y: PAD_TOP + side + 18, class: "small orange" }, legend));
  drawing.append(
    svg("text", { x: width - 12, y: height - 4, "text-anchor": "end", class: "small" }, "looks"),
  );
  return (now) => {
    state = now.state;
    pad(now);
    memories(now);
    curve(now);
  };
}

// What the state is, in words.
function verdict({ restless, overlaps }) {
  const sizes = overlaps.map(Math.abs);
  const k = sizes.indexOf(Math.max(...sizes));
  if (!overlaps.length) return "There is no memory: nothing pulls.";
  const name = `${overlaps[k] < 0 ? "the negative of " : ""}memory ${k + 1}`;
  const count = restless.length;
  if (count) return `${count} ${count === 1 ? "unit disagrees with its field" : "units disagree with their fields"}.`;
  if (sizes[k] === 1) return `At rest: this is ${name}, unit for unit.`;
  if (sizes[k] >= 0.9) return `At rest, beside ${name}: its overlap is ${signed(overlaps[k])}.`;
  const mixed = overlaps.flatMap((m, i) => (Math.abs(m) > 0.25 ? [`${signed(m)} with ${i + 1}`] : []));
  return `At rest in a valley that nobody dug: overlaps ${mixed.join(", ") || "all small"}.`;
}

function describe(state) {
  const { energies, flips, last, field } = state;
  const looks = energies.length - 1;
  const place = `row ${Math.floor(last / SIDE) + 1}, column ${(last % SIDE) + 1}`;
  const seen = looks ? ` The last to look was ${place}; its field was ${signed(field)}.` : "";
  return `${looks} looks, ${flips} flips, energy ${fixed(energies[looks], 1)}. ${verdict(state)}${seen}`;
}

function controls(model, root) {
  const now = () => compute(model);
  const look = () => {
    if (model.get("steps") >= MOST || !now().restless.length) return false;
    write(model, "steps", model.get("steps") + 1);
    return true;
  };
  const timer = clock(root, () => look() && look(), 40);
  const store = () => {
    const { state } = now();
    model.set("memories", [...model.get("memories"), state]);
    model.set("chosen", model.get("memories").length - 1);
    begin(model, state);
  };
  const forget = () => {
    const chosen = model.get("chosen");
    begin(model, now().state);
    model.set("chosen", Math.max(0, chosen - 1));
    write(
      model,
      "memories",
      model.get("memories").filter((_, k) => k !== chosen),
    );
  };
  const chance = () => {
    const seed = model.get("seed") + 10;
    model.set("seed", seed);
    const next = uniform(seed + 7);
    begin(model, Array.from({ length: UNITS }, () => (next() < 0.5 ? "1" : "0")).join(""));
  };
  const turn = () => {
    const { state, cell } = now();
    begin(model, painted(state, cell, state[cell] === "1" ? "0" : "1"));
  };
  const made = buttons(
    [
      ["Recall", () => (timer.running() ? timer.stop() : timer.start()), "recall"],
      ["Step", look, "look"],
      ["Reset", () => (timer.stop(), write(model, "steps", 0)), "reset"],
      ["Next memory", () => load(model, (model.get("chosen") + 1) % model.get("memories").length), "next"],
      ["Start from noise", chance, "chance"],
      ["Store this", store, "store"],
      ["Forget the chosen", forget, "forget"],
      ["Pen for the keys", turn, "pen"],
    ],
    ({ restless, state, energies }, recall, one, reset, next, _, keep, drop) => {
      timer.pauses(recall);
      recall.disabled = one.disabled = restless.length === 0;
      reset.disabled = energies.length === 1;
      keep.disabled = model.get("memories").length >= MEMORIES || model.get("memories").includes(state);
      drop.disabled = next.disabled = model.get("memories").length === 0;
    },
    timer.end,
  );
  const key = made.nodes[0].querySelector("[data-action=pen]");
  penKeys(key, model, root);
  const noise = slider(model, "noise", {
    ...{ label: "units turned", min: 0, max: 0.5, step: 0.01 },
    text: (v) => `${Math.round(100 * v)} %`,
  });
  noise.nodes[1].addEventListener("input", () => (timer.stop(), write(model, "steps", 0)));
  return [
    made,
    noise,
    slider(model, "steps", { label: "looks so far", min: 0, max: MOST, step: 1, text: String }),
  ];
}

const render = (context) =>
  figure(context, {
    label: "A network of 100 units that recalls pictures, and its energy as it does",
    ask: [
      "Before you press Recall: ",
      "30 of the 100 units of a memory were turned. Which of the four will come back, and will the energy ever rise on the way?",
    ],
    answer: ({ overlaps }) =>
      overlaps.length
        ? "Nearly always the one with the largest overlap comes back, or its negative; now and then a mixture of several catches the state. The energy never rises, since a unit flips only where that lowers it."
        : "",
    watch: ["memories", "base", "noise", "steps", "seed", "chosen", "cell"],
    controls,
    height: (width) => PAD_TOP + padSide(width) + 216,
    compute,
    build,
    describe,
  });

export default { render };
