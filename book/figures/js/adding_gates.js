// A trained LSTM of four units reads the adding problem: the doors and cells of one unit, step by step.

const T = 24;
const UNITS = 4;
const HALF = T / 2;
const GATES = [
  [1, "blue", "forget gate"],
  [0, "green", "input gate"],
  [3, "orange", "output gate"],
];

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const dot = (a, b) => sum(a.map((x, k) => x * b[k]));

function compute(model) {
  const [W_ih, W_hh, b_ih, b_hh, W, b] = model.get("weights");
  const next = uniform(model.get("seed"));
  const values = Array.from({ length: T }, next);
  const marks = [...new Set([model.get("first"), model.get("second")])].sort((p, q) => p - q);
  let h = new Array(UNITS).fill(0);
  let c = h;
  const [gates, cells, said] = [[], [], []];
  for (let t = 0; t < T; t++) {
    const x = [values[t], marks.includes(t) ? 1 : 0];
    const z = W_ih.map((row, j) => dot(row, x) + b_ih[j] + dot(W_hh[j], h) + b_hh[j]);
    const bent = z.map((one, j) =>
      Math.floor(j / UNITS) === 2 ? Math.tanh(one) : sigmoid(one),
    );
    const [i, f, g, o] = [0, 1, 2, 3].map((k) => bent.slice(k * UNITS, (k + 1) * UNITS));
    c = c.map((old, j) => f[j] * old + i[j] * g[j]);
    h = c.map((one, j) => o[j] * Math.tanh(one));
    gates.push(bent);
    cells.push(c);
    said.push(dot(W[0], h) + b[0]);
  }
  const total = sum(marks.map((t) => values[t]));
  return { values, marks, gates, cells, said, answer: said[T - 1], sum: total, unit: model.get("unit") };
}

function build(drawing, width, height, model) {
  const X = scale([0, T], [34, width - 10]);
  const column = X(1) - X(0);
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const bars = (colour) =>
    Array.from({ length: T }, (_, t) =>
      svg("rect", { x: X(t) + 1, width: Math.max(1, column - 2), class: `${colour}-fill` }),
    );
  const rise = (rects, Y, heights) =>
    rects.forEach((rect, t) => set(rect, { y: Y(heights[t]), height: Y(0) - Y(heights[t]) }));
  const band = (top, tall, name, kind, marks) => {
    const Y = scale([0, 1], [top + tall, top]);
    drawing.append(axes(X, Y, { y: marks }), text(X(0), top - 5, kind, name));
    return Y;
  };
  const shades = [0, 1].map(() =>
    svg("rect", { y: 34, width: column, height: height - 58, class: "area orange-fill" }),
  );
  drawing.append(...shades);
  const inputs = { rects: bars("ink"), Y: band(44, 40, "the numbers it reads", "small strong", [0, 1]) };
  drawing.append(...inputs.rects);
  const doors = GATES.map(([block, colour, name], k) => {
    const Y = band(112 + 66 * k, 40, name, `small strong ${colour}`, [0, 1]);
    const rects = bars(colour);
    drawing.append(...rects);
    return { block, rects, Y };
  });
  const cellTop = 310;
  const frame = svg("g");
  const curve = svg("path", { class: "curve blue" });
  drawing.append(frame, curve, text(X(0), cellTop - 5, "small strong blue", "its cell"));
  drawing.append(text(width / 2, height - 4, "small", "step", "middle"));
  const handles = ["first", "second"].map((key, k) => {
    const mark = svg("g", { "data-drag": key, style: "cursor: ew-resize; touch-action: none" });
    mark.append(
      svg("rect", { x: -18, y: 0, width: 36, height: 36, fill: "transparent" }),
      svg("path", { d: "M-9 6H9L0 28Z", class: "handle orange" }),
    );
    drag(mark, (x) => {
      const t = Math.floor(X.back(x));
      write(model, key, clamp(t, k * HALF, (k + 1) * HALF - 1));
    });
    return { mark, key };
  });
  drawing.append(...handles.map((one) => one.mark));
  drawing.append(text(0, 14, "small orange", "marks"));

  return ({ values, gates, cells, unit }) => {
    rise(inputs.rects, inputs.Y, values);
    handles.forEach(({ mark, key }, k) => {
      const t = model.get(key);
      set(mark, { transform: `translate(${X(t + 0.5)} 0)` });
      set(shades[k], { x: X(t) });
    });
    for (const { block, rects, Y } of doors)
      rise(rects, Y, gates.map((one) => one[block * UNITS + unit]));
    const track = [0, ...cells.map((one) => one[unit])];
    const most = Math.max(...track.map(Math.abs));
    const limit = [0.2, 0.5, 1, 2, 5, 10, 20].find((size) => size >= most) ?? 50;
    const low = Math.min(...track) < -0.02 * limit ? -limit : 0;
    const high = Math.max(...track) > 0.02 * limit ? limit : 0;
    const Y = scale([low, high || (low ? 0 : limit)], [height - 40, cellTop]);
    frame.replaceChildren(
      axes(X, Y, { x: [0, 6, 12, 18, 24], y: [...new Set([low, 0, high])] }),
    );
    set(curve, { d: plot(track.map((c, t) => [t, c]), X, Y) });
  };
}

function describe({ values, marks, gates, unit, answer, sum: total }) {
  const asked = marks.map((t) => fixed(values[t])).join(" + ");
  const at = (t) => fixed(gates[t][unit]);
  const rest = gates.filter((_, t) => !marks.includes(t)).map((one) => one[unit]);
  return (
    `Marked: ${asked} = ${fixed(total)}. The net says ${fixed(answer)}. ` +
    `Input gate of unit ${unit + 1}: ${marks.map(at).join(" and ")} at the marks, ${fixed(sum(rest) / rest.length)} on average elsewhere.`
  );
}

const render = (context) =>
  figure(context, {
    label: "The doors of a trained LSTM while it reads the adding problem",
    ask: [
      "Before you drag a mark: ",
      "what will the input gate of unit 4 do where the mark stands now, once the mark is gone?",
    ],
    answer: () =>
      "It shuts there and opens at the new place: the net has learned to write what is marked, and nothing else.",
    watch: ["first", "second", "seed", "unit"],
    controls: (model) => [
      choice(model, "unit", {
        label: "unit",
        options: [0, 1, 2, 3].map((k) => [k, `unit ${k + 1}`]),
      }),
      ...["first", "second"].map((key, k) =>
        slider(model, key, {
          label: `${key} mark at step`,
          min: k * HALF,
          max: (k + 1) * HALF - 1,
          step: 1,
          text: (t) => String(t + 1),
        }),
      ),
      buttons([["Draw new numbers", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: () => 440,
    compute,
    build,
    describe,
  });

export default { render };
