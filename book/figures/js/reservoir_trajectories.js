// Two copies of a random network hear the same input, and one of them is knocked into another state.

const UNITS = 40;
const STEPS = 80;
const TRACED = 3;
const COLOURS = ["blue", "orange", "green"];

function compute(model) {
  const seed = model.get("seed");
  const radius = model.get("radius");
  const knock = model.get("knock");
  const net = layer(seed, UNITS);
  const none = new Float64Array(UNITS);
  const begins = normals(seed + 1000, 2 * UNITS).map(Math.tanh);
  let calm = begins.slice(0, UNITS);
  let other = calm;
  const traces = { calm: [], other: [] };
  const distance = [];
  for (let s = 0; s < STEPS; s++) {
    const angle = 2 * Math.PI * s;
    const x = model.get("strength") * (Math.sin(angle / 20) + 0.5 * Math.sin(angle / 7.3));
    calm = nextState(net, radius, none, x, calm);
    if (s < knock - 1) other = calm;
    else other = s === knock - 1 ? begins.slice(UNITS) : nextState(net, radius, none, x, other);
    traces.calm.push(calm.slice(0, TRACED));
    traces.other.push(other.slice(0, TRACED));
    distance.push(norm(calm.map((value, j) => value - other[j])));
  }
  const turned = (rows) =>
    Array.from({ length: TRACED }, (_, j) => rows.map((row) => row[j]));
  return { calm: turned(traces.calm), other: turned(traces.other), distance, knock, radius };
}

function build(drawing, width, height, model) {
  const X = scale([1, STEPS], [46, width - 8]);
  const seam = Math.round(height * 0.56);
  const Y = scale([-1, 1], [seam - 12, 34]);
  const D = scale([-9, 1], [height - 38, seam + 34]);
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const calm = COLOURS.map((colour) => svg("path", { class: `curve ${colour}` }));
  const other = COLOURS.map((colour) => svg("path", { class: `curve dashed ${colour}` }));
  const distance = svg("path", { class: "curve ink" });
  const lines = [
    [26, seam - 8],
    [seam + 30, height - 38],
  ].map(([y1, y2]) => svg("line", { y1, y2, class: "ink dashed", "stroke-width": 2 }));
  const grip = svg("circle", { r: 9, cy: 30, class: "handle ink" });
  drawing.append(
    text(0, 14, "strong", "three units; dashed: the knocked copy"),
    axes(X, Y, { x: [], y: [-1, 0, 1] }),
    text(0, seam + 20, "strong", "distance of the copies"),
    axes(X, D, {
      x: [1, 20, 40, 60, 80],
      y: [-9, -6, -3, 0],
      yText: (exponent) => `10${raised(exponent)}`,
    }),
    text((46 + width) / 2, height - 4, "small", "step", "middle"),
  );
  clipped(drawing, X, scale([0, 1], [seam - 8, 30]), ...calm, ...other);
  clipped(drawing, X, scale([0, 1], [height - 34, seam + 30]), distance);
  drawing.append(
    ...lines,
    grip,
    dragArea(X, scale([0, 1], [height - 38, 22]), (x) =>
      write(model, "knock", clamp(Math.round(X.back(x)), 1, 60)),
    ),
  );

  return (state) => {
    const { knock } = state;
    const drawn = (values, from) =>
      path(values.slice(from).map((value, k) => [X(from + k + 1), Y(value)]));
    calm.forEach((curve, j) => set(curve, { d: drawn(state.calm[j], 0) }));
    other.forEach((curve, j) => set(curve, { d: drawn(state.other[j], knock - 1) }));
    const heights = state.distance.map((size, k) => [X(k + 1), D(Math.log10(Math.max(size, 1e-14)))]);
    set(distance, { d: path(heights.slice(knock - 1)) });
    for (const line of lines) set(line, { x1: X(knock), x2: X(knock) });
    set(grip, { cx: X(knock) });
  };
}

function describe({ distance, knock }) {
  const left = distance[STEPS - 1] / distance[knock - 1];
  const verdict =
    left < 1e-3
      ? "The knock is forgotten: the state follows the input."
      : left < 0.2
        ? "The knock fades slowly."
        : "The knock is not forgotten: the state depends on where it began.";
  return (
    `Knocked at step ${knock}; ${STEPS - knock} steps later ${scientific(left)} of the distance is left. ` +
    verdict
  );
}

const render = (context) =>
  figure(context, {
    label: "Two copies of a reservoir under the same input, one of them knocked",
    ask: [
      "Before you move the radius: ",
      "up to which value do the copies find together again? And with hardly any input?",
    ],
    answer: () =>
      "With hardly any input up to about 1. A strong input helps to forget: it drives the units to where their slopes are small, and even a radius above 1 may lose the knock.",
    watch: ["radius", "strength", "knock", "seed"],
    controls: (model) => [
      slider(model, "radius", { label: "spectral radius", min: 0.2, max: 1.5, step: 0.02 }),
      slider(model, "strength", { label: "input strength", min: 0, max: 2, step: 0.02 }),
      slider(model, "knock", {
        label: "knock at step",
        min: 1,
        max: 60,
        step: 1,
        text: (v) => String(v),
      }),
      buttons([["Draw new network", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width < 480 ? 350 : 390),
    compute,
    build,
    describe,
  });

export default { render };
