// Forward layer by layer, then backward layer by layer, with every number on the drawing.

// [title, equation, what it says]
const STEPS = [
  [
    "Given: inputs, weights, targets",
    "a⁰ = x",
    "Two inputs enter on the left, two targets y wait on the right.",
  ],
  [
    "Forward into the hidden layer",
    "z¹ = W¹ a⁰ + b¹,  a¹ = σ(z¹)",
    "Each hidden unit sums what arrives, adds its bias, and squashes the sum.",
  ],
  [
    "Forward into the output layer",
    "z² = W² a¹ + b²,  a² = σ(z²)",
    "The same once more: the outputs are the network's answer.",
  ],
  [
    "The cost compares",
    "C = ½ Σ (a² − y)²",
    "How far the answer is from the targets, in one number.",
  ],
  [
    "BP1: the error of the output layer",
    "δ² = (a² − y) ⊙ σ′(z²)",
    "How strongly the cost feels each output, times how steep its sigmoid is there.",
  ],
  [
    "BP3, BP4: gradients of layer 2",
    "∂C/∂b² = δ²,  ∂C/∂w² = a¹ δ²",
    "A bias feels the error itself; a weight feels what came in times the error it leads to.",
  ],
  [
    "BP2: the error of the hidden layer",
    "δ¹ = (W²ᵀ δ²) ⊙ σ′(z¹)",
    "The errors walk back over the same weights, and each unit's steepness scales what arrives.",
  ],
  [
    "BP3, BP4: gradients of layer 1",
    "∂C/∂b¹ = δ¹,  ∂C/∂w¹ = a⁰ δ¹",
    "The same rule, one layer down. Every gradient is now known: one sweep back was enough.",
  ],
];
const LAST = STEPS.length - 1;
// What the numbers of a step were made of.
const MADE_OF = [
  "Nothing has been made yet: these are given.",
  "Made of x, W¹ and b¹: a unit needs what its own edges bring, and its bias.",
  "Made of a¹, W² and b². The inputs are needed no longer.",
  "Made of the outputs and the targets, and of nothing else.",
  "Made of a², y and σ′(z²) = a²(1 − a²), all known from the way forward.",
  "Made of δ² and a¹: the gradient of a weight needs the two ends of its edge.",
  "Made of δ², W² and a¹: a hidden unit collects from every output that it feeds.",
  "Made of δ¹ and x: again, the two ends of each edge.",
];
const ACTIVE = [null, 0, 1, null, null, 1, 1, 0]; // the layer of edges that a step uses
// The step from which a number is known, by layer.
const KNOWN = { a: [0, 1, 2], delta: [null, 6, 4], dW: [7, 5] };

function compute(model) {
  const network = readNetwork(model);
  const run = forward(network);
  return {
    ...network,
    ...run,
    ...backward(network, run),
    step: model.get("step"),
    edge: model.get("edge"),
  };
}

function build(drawing, width, height, model) {
  const radius = width < 480 ? 20 : 24;
  const margin = width < 480 ? 30 : 70;
  const spots = places(margin, width - margin, 96, height - 82);
  const { edges, units } = drawNetwork(drawing, spots, radius, (i) => write(model, "edge", i));
  const title = svg("text", { x: width / 2, y: 15, "text-anchor": "middle", class: "strong step" });
  const equation = svg("text", { x: width / 2, y: 38, "text-anchor": "middle", class: "blue" });
  equation.style.fontSize = "16px";
  const legend = svg(
    "text",
    { x: width / 2, y: height - 6, "text-anchor": "middle", class: "small" },
    "blue +, orange −; thick: large; green: gradients",
  );
  drawing.append(title, equation, legend);
  units[0].forEach((unit, k) => dragUp(unit.circle, model, `x${k + 1}`));

  return (state) => {
    const { step, a, z, y, W, delta, dW } = state;
    title.textContent = `${step}/${LAST} · ${STEPS[step][0]}`;
    equation.textContent = step === 3 ? `${STEPS[3][1]} = ${fixed(state.cost, 4)}` : STEPS[step][1];
    equation.setAttribute("class", step > 3 ? "green" : "blue");
    edges.forEach((edge, i) => {
      const { l, j, k } = EDGES[i];
      showEdge(edge, W[l][j][k], {
        chosen: i === state.edge,
        active: ACTIVE[step] === null || ACTIVE[step] === l,
      });
      edge.gradient.textContent = step >= KNOWN.dW[l] ? signed(dW[l][j][k], 3) : "";
    });
    units.forEach((layer, l) =>
      layer.forEach((unit, i) => {
        const known = step >= KNOWN.a[l];
        const fresh = step === KNOWN.a[l] || step === KNOWN.delta[l];
        set(unit.circle, {
          class: `${l ? "" : "drag-up"} ${step > 3 && fresh ? "green" : fresh ? "blue" : "ink"}`,
          "stroke-width": fresh ? 4 : 1.5,
        });
        unit.inside.textContent = known ? fixed(a[l][i]) : "?";
        const error = l && step >= KNOWN.delta[l] ? `δ ${signed(delta[l - 1][i], 3)}` : "";
        (l === 2 ? unit.lowest : unit.above).textContent = error; // beside an output there is no room above
        unit.below.textContent =
          l === 0 ? `x${LOWERED[i]}` : known ? `z ${fixed(z[l - 1][i])}` : "";
        unit.lower.textContent = l === 2 ? `y${LOWERED[i]} ${fixed(y[i])}` : "";
      }),
    );
  };
}

// An input is pulled up and down: 60 pixels are one unit.
function dragUp(circle, model, key) {
  let start = 0;
  circle.dataset.drag = key;
  drag(
    circle,
    (x, y, dx, dy) => write(model, key, Math.round(clamp(start - dy / 60, -2, 2) * 20) / 20),
    () => (start = model.get(key)),
  );
}

function describe({ step, edge, a, W, delta, dW }) {
  const { l, j, k } = EDGES[edge];
  const name = edgeName(EDGES[edge]);
  const weight = `${name} (${edgeRoute(EDGES[edge])}) = ${fixed(W[l][j][k])}`;
  const [activation, error] = [`a${raised(l)}${LOWERED[k]}`, `δ${raised(l + 1)}${LOWERED[j]}`];
  const gradient =
    step < KNOWN.dW[l]
      ? "its gradient is not known yet"
      : `∂C/∂w = ${activation} ${error} = ${fixed(a[l][k], 3)} × ${fixed(delta[l][j], 4)} = ${fixed(dW[l][j][k], 4)}`;
  return `${STEPS[step][2]} The dashed edge: ${weight}; ${gradient}.`;
}

const render = (context) =>
  figure(context, {
    label:
      "Forward and backward pass through a network of two inputs, three hidden units and two outputs",
    ask: [
      "Before you press Next step: ",
      "which of the numbers on view will the next ones be made of?",
    ],
    answer: ({ step }) => MADE_OF[step],
    watch: [...NETWORK_TRAITS, "step", "edge"],
    controls: (model) => {
      const next = () => write(model, "step", (model.get("step") + 1) % STEPS.length);
      const back = () => write(model, "step", model.get("step") - 1);
      const ends = ({ step }, forth, home) => {
        forth.textContent = step === LAST ? "From the start" : "Next step";
        home.disabled = step === 0;
      };
      const input = (key, label, min, max) => slider(model, key, { label, min, max, step: 0.05 });
      return [
        buttons(
          [
            ["Next step", next, "next"],
            ["Back", back, "back"],
          ],
          ends,
        ),
        edgeChoice(model, "edge to read"),
        input("x1", "input x₁", -2, 2),
        input("x2", "input x₂", -2, 2),
        input("y1", "target y₁", 0, 1),
        input("y2", "target y₂", 0, 1),
      ];
    },
    height: () => 440,
    compute,
    build,
    describe,
  });

export default { render };
