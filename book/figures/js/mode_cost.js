// Forward or reverse: the multiplications for the Jacobian of four layers, as its sizes grow.

function compute(model) {
  const traits = ["inputs", "width", "middle", "width", "outputs"];
  const n = traits.map((key) => 2 ** model.get(key));
  return {
    sizes: n,
    forward: sum([1, 2, 3].map((l) => n[0] * n[l] * n[l + 1])), // J₂J₁, then J₃(J₂J₁), …
    reverse: sum([3, 2, 1].map((l) => n[4] * n[l] * n[l - 1])), // J₄J₃, then (J₄J₃)J₂, …
    best: cheapest(n, 0, 4),
    sweep: sum([1, 2, 3, 4].map((l) => n[l] * n[l - 1])),
  };
}

// The fewest multiplications for the Jacobian from layer `low` to layer `high`, in any order.
function cheapest(n, low, high) {
  if (high - low === 1) return 0;
  let least = Infinity;
  for (let k = low + 1; k < high; k++)
    least = Math.min(least, cheapest(n, low, k) + cheapest(n, k, high) + n[low] * n[k] * n[high]);
  return least;
}

const TOP_EXPONENT = 10;
const BARS = [
  ["forward", "orange", "forward mode"],
  ["reverse", "blue", "reverse mode"],
  ["best", "green", "best order"],
];
const grouped = (n) => (n < 1e7 ? n.toLocaleString("en") : scientific(n));

function build(drawing, width, height, model) {
  const wide = width >= 600;
  const side = wide ? 250 : Math.min(width - 70, 270);
  const I = scale([0, TOP_EXPONENT], [52, 52 + side]);
  const O = scale([0, TOP_EXPONENT], [30 + side, 30]);
  const corner = (i, o) => [I(i), O(o)];
  const triangle = (...points) => path(points) + "Z";
  const size = (e) => String(2 ** e);
  const marks = [0, 2, 4, 6, 8, 10];
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const guide = svg("path", { class: "axis dashed" });
  const move = (x, y) => {
    model.set("outputs", clamp(Math.round(O.back(y)), 0, TOP_EXPONENT));
    write(model, "inputs", clamp(Math.round(I.back(x)), 0, TOP_EXPONENT));
  };
  const plane = dragArea(I, O, move);
  plane.classList.add("drag-plane");
  const handle = knob("ink", "sizes", move);
  drawing.append(
    text(0, 14, "strong", "outputs against inputs"),
    svg("path", {
      class: "area orange-fill",
      d: triangle(corner(0, 0), corner(0, 10), corner(10, 10)),
    }),
    svg("path", {
      class: "area blue-fill",
      d: triangle(corner(0, 0), corner(10, 0), corner(10, 10)),
    }),
    axes(I, O, { x: marks, y: marks, xText: size, yText: size }),
    svg("path", { class: "curve ink dashed", d: path([corner(0, 0), corner(10, 10)]) }),
    text(I(0.4), O(9.1), "small halo orange", "forward is cheaper"),
    text(I(9.7), O(3.3), "small halo blue", "reverse is cheaper", "end"),
    text(I(5), O(0) + 36, "small", "inputs", "middle"),
    guide,
    plane,
    handle.node,
  );
  const [left, top] = wide ? [side + 100, 40] : [0, side + 108];
  const B = scale([0, 10], [left, width - 72]);
  drawing.append(text(left, top - 14, "strong", "multiplications for all of J₄J₃J₂J₁"));
  const bars = BARS.map(([key, colour, said], i) => {
    const y = top + 52 * i;
    const bar = svg("rect", { x: left, y: y + 20, height: 16, class: `${colour}-fill` });
    const count = text(0, y + 33, `small halo ${colour}`, "");
    const name = text(left, y + 13, "small", said);
    drawing.append(name, bar, count);
    return { key, bar, count, name, said };
  });
  const chain = text(left, top + 52 * 3 + 22, "small", "");
  drawing.append(chain);

  return (state) => {
    const { sizes } = state;
    const [x, y] = corner(Math.log2(sizes[0]), Math.log2(sizes[4]));
    handle.at(x, y);
    set(guide, { d: `M${x} ${O(0)}V${y}H${I(0)}` });
    for (const { key, bar, count, name, said } of bars) {
      const end = B(Math.log10(state[key]));
      set(bar, { width: Math.max(2, end - left) });
      set(count, { x: Math.max(left + 2, end) + 6 });
      count.textContent = grouped(state[key]);
      const sweeps = { forward: sizes[0], reverse: sizes[4] }[key];
      name.textContent = sweeps ? `${said}: ${sweeps} sweep${sweeps > 1 ? "s" : ""}` : said;
    }
    chain.textContent = `layers of ${sizes.join(", ")} entries`;
  };
}

function describe({ sizes, forward, reverse, best, sweep }) {
  const [inputs, , , , outputs] = sizes;
  const gain = Math.max(forward, reverse) / Math.min(forward, reverse);
  const times = (ratio) => (ratio < 100 ? ratio.toFixed(1) : grouped(Math.round(ratio)));
  const winner =
    gain < 1.05
      ? `They cost ${forward === reverse ? "" : "nearly "}the same.`
      : `${forward < reverse ? "Forward" : "Reverse"} mode is ${times(gain)} times cheaper.`;
  const better = Math.min(forward, reverse) / best;
  const other = better > 1.05 ? ` Another order is ${times(better)} times cheaper still.` : "";
  return (
    `${inputs} input${inputs > 1 ? "s" : ""}, ${outputs} output${outputs > 1 ? "s" : ""}: forward ${grouped(forward)}, reverse ${grouped(reverse)} multiplications. ` +
    `${winner}${other} One sweep of a single vector costs ${grouped(sweep)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "Cost of the whole Jacobian in forward and reverse mode, by inputs and outputs",
    ask: [
      "Before you drag the point: ",
      "a network has one loss and many weights. Where does it stand, and which mode wins there?",
    ],
    answer: ({ sizes }) =>
      sizes[4] === 1
        ? "At the bottom: one output, so one reverse sweep gives the whole gradient, however many inputs there are."
        : "At the bottom right, one output and many inputs. Drag the point there and read the ratio.",
    watch: ["inputs", "width", "middle", "outputs"],
    controls: (model) =>
      [
        ["inputs", "inputs"],
        ["width", "2nd, 4th layer"],
        ["middle", "middle layer"],
        ["outputs", "outputs"],
      ].map(([key, label]) =>
        slider(model, key, {
          label,
          min: 0,
          max: TOP_EXPONENT,
          step: 1,
          text: (e) => String(2 ** e),
        }),
      ),
    height: (width) => (width >= 600 ? 330 : Math.min(width - 70, 270) + 300),
    compute,
    build,
    describe,
  });

export default { render };
