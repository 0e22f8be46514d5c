// A curve that the reader draws, and sigmoid bumps side by side that follow it.

const SAMPLES = 80;
const FINE = 10;
const HEIGHT = 1.2; // the axis goes from −HEIGHT to HEIGHT

const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
const bump = (x, left, right, height, sharpness) =>
  height * (sigmoid(sharpness * (x - left)) - sigmoid(sharpness * (x - right)));

// The broken line through heights at 0, 1, 2, ...
function along(heights, place) {
  const k = clamp(Math.floor(place), 0, heights.length - 2);
  return heights[k] + (place - k) * (heights[k + 1] - heights[k]);
}

// The most that the broken line changes between two points at most `steps` apart.
function modulus(heights, steps) {
  const n = heights.length - 1;
  let most = 0;
  for (let i = 0; i <= n; i++) {
    for (let j = i; j <= Math.min(i + steps, n); j++)
      most = Math.max(most, Math.abs(heights[i] - heights[j]));
    for (const end of [i - steps, i + steps])
      most = Math.max(most, Math.abs(along(heights, clamp(end, 0, n)) - heights[i]));
  }
  return most;
}

const cornersOf = (units, k) => [k === 0 ? -1 : k / units, k === units - 1 ? 2 : (k + 1) / units];

function compute(model) {
  const [curve, units] = [model.get("curve"), model.get("units")];
  const bumps = Array.from({ length: units }, (_, k) => along(curve, (SAMPLES * (k + 0.5)) / units));
  const steep = model.get("sharpness") * units;
  const y = Array.from({ length: SAMPLES * FINE + 1 }, (_, i) => {
    const x = i / (SAMPLES * FINE);
    return sum(bumps.map((height, k) => bump(x, ...cornersOf(units, k), height, steep)));
  });
  return {
    units,
    at: model.get("at"),
    curve,
    bumps,
    y,
    error: Math.max(...y.map((value, i) => Math.abs(value - along(curve, i / FINE)))),
    bound: modulus(curve, SAMPLES / (2 * units)),
  };
}

const inside = (height) => clamp(Math.round(1000 * height) / 1000, -1, 1);

// All heights between two places of a stroke, so that a fast hand leaves no gap.
function stroke(model, [x0, y0], [x1, y1]) {
  const curve = [...model.get("curve")];
  const [low, high] = x0 < x1 ? [x0, x1] : [x1, x0];
  for (let k = Math.round(low); k <= Math.round(high); k++) {
    const share = x1 === x0 ? 1 : clamp((k - x0) / (x1 - x0), 0, 1);
    if (k >= 0 && k <= SAMPLES) curve[k] = inside(y0 + share * (y1 - y0));
  }
  write(model, "curve", curve);
}

// What the keyboard does: pulls one place to a height, and its neighbours along.
function pull(model, at, height) {
  const by = height - model.get("curve")[at];
  const reach = (k) => Math.max(0, 1 - Math.abs(k - at) / 6);
  write(
    model,
    "curve",
    model.get("curve").map((y, k) => inside(y + by * reach(k))),
  );
}

function build(drawing, width, height, model) {
  const X = scale([0, SAMPLES], [34, width - 8]);
  const Y = scale([-HEIGHT, HEIGHT], [height - 40, 26]);
  const bars = svg("path", { class: "area orange-fill", style: "opacity: 0.22" });
  const sides = svg("path", { class: "curve orange", "stroke-width": 1.2 });
  const drawn = svg("path", { class: "curve ink", style: "stroke-width: 2" });
  const network = svg("path", { class: "curve blue" });
  const place = svg("circle", { r: 9, class: "handle ink" });
  const text = (x, said, kind) => svg("text", { x, y: 14, class: `small ${kind}` }, said);
  const area = dragArea(X, Y, () => {});
  set(area, { style: "cursor: crosshair; touch-action: none" });
  let last = null;
  drag(
    area,
    (px, py) => {
      const here = [X.back(px), Y.back(py)];
      stroke(model, last ?? here, here);
      last = here;
    },
    () => (last = null),
  );
  drawing.append(
    axes(X, Y, { x: [0, 40, 80], y: [-1, 0, 1], xText: (v) => String(v / SAMPLES), xTitle: "x" }),
    text(34, "draw your curve", "strong"),
    text(width < 420 ? 165 : 190, "bumps", "orange"),
    text(width < 420 ? 224 : 250, "their sum", "blue"),
  );
  clipped(drawing, X, Y, bars, sides, drawn, network);
  drawing.append(place, area);
  const block = (y, k, units) => {
    const [left, right] = [X((SAMPLES * k) / units), X((SAMPLES * (k + 1)) / units)];
    return `M${left} ${Y(0)}V${Y(y)}H${right}V${Y(0)}`;
  };
  return ({ curve, y, bumps, units, at }) => {
    const blocks = bumps.map((each, k) => block(each, k, units)).join("");
    set(bars, { d: blocks });
    set(sides, { d: blocks, style: "stroke-width: 1; opacity: 0.6" });
    set(drawn, { d: plot(curve.map((each, k) => [k, each]), X, Y) });
    set(network, { d: plot(y.map((each, i) => [i / FINE, each]), X, Y) });
    set(place, { cx: X(at), cy: Y(curve[at]) });
  };
}

// The slider moves a height, which stands in a list.
function heightSlider(model) {
  const id = freshId();
  const input = html("input", {
    ...{ type: "range", id, min: -1, max: 1, step: 0.05, "data-param": "height" },
  });
  const value = html("span", { class: "value", "aria-hidden": "true" });
  const show = () => {
    input.value = model.get("curve")[model.get("at")];
    value.textContent = fixed(model.get("curve")[model.get("at")]);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  input.addEventListener("input", () => pull(model, model.get("at"), Number(input.value)));
  return { nodes: [html("label", { for: id }, "height there"), input, value], show };
}

const SHAPES = {
  wave: (x) => 0.55 * Math.sin(2 * Math.PI * x) + 0.3 * Math.sin(5 * Math.PI * x),
  roof: (x) => 0.9 - 1.8 * Math.abs(2 * x - 1),
  jump: (x) => (x < 0.43 ? -0.6 : 0.7),
};
const shaped = (f) => Array.from({ length: SAMPLES + 1 }, (_, k) => inside(f(k / SAMPLES)));

const render = (context) =>
  figure(context, {
    label: "A curve to draw, bumps of sigmoids side by side, and their sum",
    ask: [
      "Before you double the bumps: ",
      "what will become of the largest distance between curve and sum?",
    ],
    answer: () =>
      "Where the curve is a slope, half of it is left; at a jump nothing is gained, and the bound says so.",
    watch: ["curve", "units", "sharpness", "at"],
    controls: (model) => [
      slider(model, "units", { label: "bumps", min: 1, max: 60, step: 1, text: String }),
      slider(model, "sharpness", {
        ...{ label: "sharpness", min: 2, max: 60, step: 1 },
        text: (v) => `${v} / h`,
      }),
      slider(model, "at", {
        ...{ label: "place", min: 0, max: SAMPLES, step: 1 },
        text: (v) => fixed(v / SAMPLES),
      }),
      heightSlider(model),
      buttons([
        ["A wave", () => write(model, "curve", shaped(SHAPES.wave)), "wave"],
        ["A roof", () => write(model, "curve", shaped(SHAPES.roof)), "roof"],
        ["A jump", () => write(model, "curve", shaped(SHAPES.jump)), "jump"],
      ]),
    ],
    height: (width) => (width < 480 ? 264 : 314),
    compute,
    build,
    describe: ({ units, error, bound }) =>
      `${units} ${units === 1 ? "bump" : "bumps"}: largest distance ${fixed(error, 3)}. With hard steps it is at most ω(h/2) = ${fixed(bound, 3)}, the most that your curve changes over half a bump.`,
  });

export default { render };
