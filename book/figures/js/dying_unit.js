// One unit a = f(w x + b) with f = ReLU, or leaky ReLU, fitted to ten points by gradient descent.
// The whole path is a function of the traits, so moving a slider redraws the past as well:
// what would these same steps have done from another start, or with another learning rate?

const XS = [-1.8, -1.4, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.4, 1.8];
const YS = [0.1, -0.05, 0.1, 0.11, 0.32, 0.93, 1.04, 1.6, 1.71, 2.27];
const START_W = 1;
const MOST_STEPS = 200;

const leaky = (z, slope) => (z > 0 ? z : slope * z);

// C = 1/(2N) Σ (a − y)²; its gradient with respect to w and b
function gradients(w, b, slope) {
  let [dw, db, cost] = [0, 0, 0];
  XS.forEach((x, i) => {
    const z = w * x + b;
    const error = leaky(z, slope) - YS[i];
    const delta = error * (z > 0 ? 1 : slope);
    dw += (delta * x) / XS.length;
    db += delta / XS.length;
    cost += (error * error) / (2 * XS.length);
  });
  return { dw, db, cost, open: XS.filter((x) => w * x + b > 0).length };
}

function compute(model) {
  const rate = model.get("rate");
  let [w, b] = [START_W, model.get("bias")];
  const gradient = [];
  let dead = null;
  let now = null;
  // One slope for every step taken, and the present one for the step to come.
  [...model.get("slopes"), model.get("slope")].forEach((slope, step) => {
    if (now) [w, b] = [w - rate * now.dw, b - rate * now.db];
    now = gradients(w, b, slope);
    gradient.push(Math.hypot(now.dw, now.db));
    dead = now.open || slope ? null : (dead ?? step);
  });
  return {
    w,
    b,
    dead,
    gradient,
    cost: now.cost,
    open: now.open,
    steps: gradient.length - 1,
    slope: model.get("slope"),
    bias: model.get("bias"),
  };
}

function build(drawing, width, height, model) {
  const [left, right] = [40, width - 8];
  const X = scale([-3.3, 3.3], [left, right]);
  const Y = scale([-0.7, 4.3], [190, 24]);
  const Z = scale([-3, 5.5], [left, right]);
  const G = scale([-4, 1], [height - 54, height - 118]);
  const floor = height - 36; // below the logarithmic axis: exactly 0
  const strip = 256;
  const heading = (y, color, text) => svg("text", { x: left, y, class: `strong ${color}` }, text);

  const begin = svg("path", { class: "curve ink dashed" });
  const unit = svg("path", { class: "curve blue" });
  const handle = svg("circle", { r: 9, class: "handle ink", cy: Y(0) });
  drawing.append(
    axes(X, Y, { x: [-2, 0, 2], y: [0, 2, 4], xTitle: "x" }),
    heading(14, "blue", "the unit now, and dashed at the start"),
  );
  clipped(drawing, X, Y, begin, unit);
  drawing.append(
    ...XS.map((x, i) => svg("circle", { cx: X(x), cy: Y(YS[i]), r: 4.5, class: "ink-fill" })),
    handle,
  );

  const examples = XS.map(() =>
    svg("circle", { cy: strip, r: 5, class: "green", "stroke-width": 2 }),
  );
  drawing.append(
    heading(strip - 20, "green", "z of each example: open right of 0"),
    svg("rect", {
      x: Z(0),
      y: strip - 12,
      width: right - Z(0),
      height: 24,
      class: "area green-fill",
    }),
    svg("line", { x1: left, x2: right, y1: strip, y2: strip, class: "grid" }),
    svg("line", { x1: Z(0), x2: Z(0), y1: strip - 12, y2: strip + 12, class: "axis" }),
    ...examples,
  );

  const frame = svg("g");
  const trace = svg("path", { class: "curve orange" });
  const dots = svg("g");
  drawing.append(
    heading(height - 130, "orange", "size of its gradient after each step"),
    frame,
    svg("line", { x1: left, x2: right, y1: floor, y2: floor, class: "axis" }),
    svg("text", { x: left - 6, y: floor + 4, "text-anchor": "end", class: "small strong" }, "0"),
    trace,
    dots,
    svg("text", { x: right, y: height - 2, "text-anchor": "end", class: "small" }, "step"),
  );

  // The bend of the starting line sits at x = −b/w, and w starts at 1.
  drawing.append(
    dragArea(X, Y, (x) => write(model, "bias", -Math.round(clamp(X.back(x), -3, 3) * 20) / 20)),
  );

  const bent = (w, b, slope) =>
    plot(
      samples((x) => leaky(w * x + b, slope), -3.3, 3.3, 330),
      X,
      Y,
    );
  return ({ w, b, slope, bias, gradient, steps }) => {
    set(begin, { d: bent(START_W, bias, 0) });
    set(unit, { d: bent(w, b, slope) });
    set(handle, { cx: X(-bias / START_W) });
    examples.forEach((dot, i) => {
      const z = w * XS[i] + b;
      set(dot, { cx: Z(clamp(z, -3, 5.5)), fill: z > 0 ? "var(--green)" : "var(--paper)" });
    });
    const T = scale([0, Math.max(20, steps)], [left, right]);
    const last = T.back(right);
    frame.replaceChildren(
      axes(T, G, { y: [-4, -2, 0], yText: (power) => `10${raised(power)}` }),
      ...[0, last / 2, last].map((step) =>
        svg(
          "text",
          { x: T(step), y: height - 18, "text-anchor": "middle", class: "small" },
          String(Math.round(step)),
        ),
      ),
    );
    const level = (g) => (g === 0 ? floor : G(clamp(Math.log10(g), -4, 1)));
    const points = gradient.map((g, step) => [T(step), level(g)]);
    set(trace, { d: path(points) });
    dots.replaceChildren(
      ...points.map(([cx, cy]) => svg("circle", { cx, cy, r: 3, class: "orange-fill" })),
    );
  };
}

function describe({ w, b, dead, gradient, cost, open, steps, slope }) {
  const place = `w = ${fixed(w)}, b = ${fixed(b)}`;
  if (dead !== null) {
    return `Dead since step ${dead}: no example reaches it, its gradient is exactly 0. Now at step ${steps}, ${place}.`;
  }
  const size = scientific(gradient[steps]);
  if (!open)
    return `Step ${steps}: ${place}. No example is on its open side, but the leak lets a gradient of ${size} through: run on.`;
  return `Step ${steps}: ${place}. ${open} of ${XS.length} examples reach it. Gradient ${size}, cost ${scientific(cost)}.`;
}

function controls(model, root) {
  const step = () => {
    const slopes = model.get("slopes");
    if (slopes.length >= MOST_STEPS) return false;
    write(model, "slopes", [...slopes, model.get("slope")]);
    return true;
  };
  let left = 0;
  const timer = clock(root, () => step() && --left > 0);
  const run = () => {
    left = timer.running() ? 0 : 60;
    if (left) timer.start();
    else timer.stop();
  };
  const reset = () => {
    timer.stop();
    write(model, "slopes", []);
  };
  return [
    slider(model, "rate", { label: "learning rate", min: 0.05, max: 3, step: 0.05 }),
    slider(model, "bias", { label: "bias at the start", min: -3, max: 3, step: 0.05 }),
    slider(model, "slope", { label: "leak from now on", min: 0, max: 0.3, step: 0.01 }),
    buttons(
      [
        ["Run", run, "run"],
        ["Step", step, "step"],
        ["Reset", reset, "reset"],
      ],
      ({ steps }, start, one, again) => {
        timer.pauses(start);
        start.disabled = one.disabled = steps >= MOST_STEPS;
        again.disabled = steps === 0;
      },
      timer.end,
    ),
  ];
}

const render = (context) =>
  figure(context, {
    label: "A ReLU unit in training, the examples that reach it, and its gradient after each step",
    ask: [
      "This unit died. Before you press Run: ",
      "will more steps revive it? What would have saved it?",
    ],
    answer: () =>
      "Steps alone cannot: a gradient of exactly 0 moves nothing. A smaller learning rate or another " +
      "bias would have saved it (move them: the same steps are taken again). A leak brings it back even now.",
    watch: ["rate", "bias", "slope", "slopes"],
    controls,
    height: () => 424,
    compute,
    build,
    describe,
  });

export default { render };
