// One weight is nudged; the change travels to the cost, and its size is predicted by the gradient.

const REACH = 2; // nudges go from −2 to 2
const BAR = 200; // pixels for a change of 1 in an activation

function compute(model) {
  const network = readNetwork(model);
  const [edge, nudge] = [model.get("edge"), model.get("nudge")];
  const before = forward(network);
  const { l, j, k } = EDGES[edge];
  const gradient = backward(network, before).dW[l][j][k];
  const after = forward(nudged(network, edge, nudge));
  return {
    ...network,
    edge,
    nudge,
    gradient,
    a: after.a,
    predicted: gradient * nudge,
    actual: after.cost - before.cost,
    change: [1, 2].map((layer) => after.a[layer].map((value, i) => value - before.a[layer][i])),
  };
}

function nudged(network, edge, by) {
  const { l, j, k } = EDGES[edge];
  const W = network.W.map((rows) => rows.map((row) => [...row]));
  W[l][j][k] += by;
  return { ...network, W };
}

// The units that the change reaches: all that is downstream of the edge.
const touched = ({ l, j }, layer, unit) => (layer === l + 1 ? unit === j : layer > l + 1);

function build(drawing, width, height, model) {
  const wide = width >= 600; // side by side, or the plot below the network
  const half = wide ? width * 0.56 : width;
  const drawNodes = buildNetwork(drawing, half, wide ? height : 330, model);
  const drawPlot = buildPlot(
    drawing,
    wide ? [half + 58, width - 8] : [52, width - 8],
    wide ? [height - 46, 30] : [height - 40, 366],
    model,
  );
  return (state) => {
    drawNodes(state);
    drawPlot(state);
  };
}

function buildNetwork(drawing, width, height, model) {
  const spots = places(30, width - 46, 50, height - 58);
  const { edges, units } = drawNetwork(drawing, spots, 20, (i) => write(model, "edge", i));
  const bars = units.slice(1).map((layer) =>
    layer.map(({ cx, cy }) => {
      const bar = svg("rect", { x: cx + 26, width: 10 });
      drawing.append(svg("line", { x1: cx + 22, x2: cx + 40, y1: cy, y2: cy, class: "axis" }), bar);
      return bar;
    }),
  );
  drawing.append(svg("text", { x: 0, y: 14, class: "strong" }, "change of each activation (bars)"));
  return ({ edge, nudge, W, a, change }) => {
    edges.forEach((line, i) => {
      const { l, j, k } = EDGES[i];
      const chosen = i === edge;
      const onTheWay = chosen || (l > EDGES[edge].l && k === EDGES[edge].j);
      showEdge(line, W[l][j][k] + (chosen ? nudge : 0), { chosen, active: onTheWay });
    });
    units.forEach((layer, l) =>
      layer.forEach((unit, i) => {
        const reached = touched(EDGES[edge], l, i);
        set(unit.circle, {
          class: "ink",
          "stroke-width": reached ? 2.5 : 1,
          "stroke-opacity": reached ? 1 : 0.5,
        });
        unit.inside.textContent = fixed(a[l][i]);
        unit.below.textContent =
          l === 0 ? `x${LOWERED[i]}` : reached ? signed(change[l - 1][i], 3) : "";
        if (l) showBar(bars[l - 1][i], unit.cy, change[l - 1][i]);
      }),
    );
  };
}

function showBar(bar, middle, change) {
  const size = Math.min(45, Math.abs(change) * BAR);
  set(bar, {
    y: change > 0 ? middle - size : middle,
    height: size,
    class: change < 0 ? "orange-fill" : "blue-fill",
  });
}

function buildPlot(drawing, [left, right], [bottom, top], model) {
  const N = scale([-REACH, REACH], [left, right]);
  const frame = svg("g");
  const truth = svg("path", { class: "curve blue" });
  const tangent = svg("path", { class: "curve green dashed" });
  const gap = svg("line", { class: "curve orange" });
  const dots = {
    predicted: svg("circle", { r: 5, class: "green-fill" }),
    actual: svg("circle", { r: 8, class: "handle blue" }),
  };
  drawing.append(
    svg("text", { x: left, y: top - 14, class: "strong" }, "change of the cost, ΔC"),
    svg(
      "text",
      { x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle", class: "small" },
      "nudge Δw",
    ),
    frame,
    svg("text", { x: left + 8, y: top + 16, class: "small halo blue" }, "curve: true"),
    svg("text", { x: left + 8, y: top + 33, class: "small halo green" }, "dashed: ∂C/∂w · Δw"),
  );
  const Whole = scale([0, 1], [bottom, top]);
  clipped(drawing, N, Whole, tangent, truth, gap, dots.predicted);
  drawing.append(
    dots.actual,
    dragArea(N, Whole, (x) =>
      write(model, "nudge", Math.round(clamp(N.back(x), -REACH, REACH) * 50) / 50),
    ),
  );

  return (state) => {
    const cost = (by) => forward(nudged(state, state.edge, by)).cost;
    const now = cost(0);
    const curve = samples((by) => cost(by) - now, -REACH, REACH, 60);
    // The axis follows the curve, in steps of a factor, so that both stay readable while dragging.
    const most = Math.max(...curve.map(([, c]) => Math.abs(c)), 1e-6);
    const limit =
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].find((size) => size >= most) ?? 1;
    const Y = scale([-limit, limit], [bottom, top]);
    frame.replaceChildren(axes(N, Y, { x: [-2, -1, 0, 1, 2], y: [-limit, 0, limit] }));
    set(truth, { d: plot(curve, N, Y) });
    set(tangent, {
      d: plot(
        [
          [-REACH, -REACH * state.gradient],
          [REACH, REACH * state.gradient],
        ],
        N,
        Y,
      ),
    });
    const x = N(state.nudge);
    set(gap, { x1: x, x2: x, y1: Y(state.predicted), y2: Y(state.actual) });
    set(dots.predicted, { cx: x, cy: Y(state.predicted) });
    set(dots.actual, { cx: x, cy: Y(state.actual) });
  };
}

function describe({ edge, nudge, gradient, predicted, actual }) {
  const off = Math.abs(predicted - actual) / Math.max(Math.abs(actual), 1e-12);
  const verdict =
    nudge === 0
      ? "Drag the point to nudge the weight."
      : off < 0.1
        ? "The tangent foresees it well."
        : "Too far for a tangent: the curve has bent away.";
  return (
    `Nudging ${edgeName(EDGES[edge])} by ${signed(nudge)}: predicted ΔC = ∂C/∂w · Δw = ${fixed(gradient, 4)} × ${fixed(nudge)} = ` +
    `${fixed(predicted, 4)}, true ΔC = ${fixed(actual, 4)}. ${verdict}`
  );
}

const render = (context) =>
  figure(context, {
    label:
      "A nudged weight: how the change travels through the network, and what it does to the cost",
    ask: [
      "Before you drag the point: ",
      "does a nudge twice as large change the cost twice as much? Which outputs feel it?",
    ],
    answer: ({ edge }) =>
      EDGES[edge].l
        ? "Only while it is small. A weight of the last layer reaches one output only."
        : "Only while it is small. A weight of the first layer reaches one hidden unit, and through it both outputs.",
    watch: [...NETWORK_TRAITS, "edge", "nudge"],
    controls: (model) => [
      edgeChoice(model, "weight"),
      slider(model, "nudge", { label: "nudge Δw", min: -REACH, max: REACH, step: 0.02 }),
    ],
    height: (width) => (width >= 600 ? 360 : 580),
    compute,
    build,
    describe,
  });

export default { render };
