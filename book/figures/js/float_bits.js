// A number's bits in a format, the format's numbers around it, and what a small addition leaves.

// name: [bits of the exponent, bits of the fraction, what the menu says]
const FORMATS = {
  bfloat16: [8, 7, "bfloat16 (8 + 7 bits)"],
  float16: [5, 10, "float16 (5 + 10 bits)"],
  TF32: [8, 10, "TF32 (8 + 10 bits)"],
  float32: [8, 23, "float32 (8 + 23 bits)"],
};

// To the nearest whole number, from halfway to the even one.
const nearest = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

// The exponent of the leading bit, exactly: Math.log2 may round up to the next one.
function exponentOf(x) {
  const power = Math.floor(Math.log2(x));
  return 2 ** power > x ? power - 1 : power;
}

function rounding(name) {
  const [exponent, fraction] = FORMATS[name];
  const top = 2 ** (exponent - 1) - 1;
  const powerOf = (x) => (x ? Math.max(exponentOf(x), 1 - top) : 1 - top);
  const round = (x) => {
    const gap = 2 ** (powerOf(x) - fraction);
    const near = nearest(x / gap) * gap;
    return near > (2 - 2 ** -fraction) * 2 ** top ? Infinity : near;
  };
  return { exponent, fraction, top, powerOf, round };
}

function bitsOf(value, { exponent, fraction, top, powerOf }) {
  const power = powerOf(value);
  const whole = Math.round(value / 2 ** (power - fraction));
  const leading = Math.floor(whole / 2 ** fraction);
  const stored = leading ? power + top : 0;
  const rest = whole - leading * 2 ** fraction;
  const digits = (n, width) => n.toString(2).padStart(width, "0");
  return `0 ${digits(stored, exponent)} ${digits(rest, fraction)}`;
}

function compute(model) {
  const format = model.get("format");
  const rules = rounding(format);
  const power = model.get("power");
  const x = model.get("lead") * 2 ** power;
  const added = 2 ** (power - model.get("shift"));
  const value = rules.round(x);
  if (value === Infinity) return { format, x, added, value: null, bits: "", gap: 0, sum: null };
  const sum = rules.round(value + added);
  return {
    format,
    x,
    added,
    value,
    bits: bitsOf(value, rules),
    gap: 2 ** (rules.powerOf(value) - rules.fraction),
    sum: sum === Infinity ? null : sum,
  };
}

const CLASSES = ["ink", "orange", "blue"]; // sign, exponent, fraction

function drawBits(place, text, width) {
  const parts = text.split(" ");
  const perRow = width < 480 ? 16 : 32;
  const size = Math.min(26, (width - 16) / perRow);
  let i = 0;
  const nodes = parts.flatMap((part, kind) =>
    [...part].map((bit) => {
      const [x, y] = [8 + (i % perRow) * size, 20 + Math.floor(i / perRow) * 30];
      i += 1;
      const look = { x: x + size / 2, y: y + 18, "text-anchor": "middle" };
      return svg(
        "g",
        {},
        svg("rect", { x: x + 1, y, width: size - 2, height: 26, class: CLASSES[kind], fill: "none" }),
        svg("text", { ...look, class: "small strong" }, bit),
      );
    }),
  );
  place.replaceChildren(...nodes);
}

function build(drawing, width, height, model) {
  const line = height - 64;
  const X = scale([1, 2], [16, width - 16]);
  const title = svg("text", { x: 8, y: 13, class: "small strong" }, "sign, exponent, fraction");
  const cells = svg("g");
  const ticks = svg("path", { class: "axis" });
  const exact = svg("circle", { r: 9, cy: line, class: "handle orange" });
  const stored = svg("path", { class: "curve blue" });
  const reached = svg("path", { class: "curve orange dashed" });
  const name = svg("text", { x: 8, y: line - 44, class: "small strong" });
  const ends = [1, 2].map((end) =>
    svg("text", { x: X(end), y: height - 8, "text-anchor": end === 1 ? "start" : "end", class: "small" }),
  );
  drawing.append(title, cells, ticks, stored, reached, exact, name, ...ends);
  drawing.append(
    dragArea(X, scale([0, 1], [height - 24, line - 36]), (x) =>
      write(model, "lead", Math.round(clamp(X.back(x), 1, 1.999) * 1000) / 1000),
    ),
  );
  return ({ format, x, value, bits, gap, sum: total }) => {
    const unit = 2 ** model.get("power");
    drawBits(cells, bits, width);
    const step = Math.max(gap / unit, 2 ** -7); // finer ones would run together
    const count = gap && gap <= unit ? Math.round(1 / step) : 0;
    const at = Array.from({ length: count + 1 }, (_, i) => X(1 + i * step).toFixed(1));
    set(ticks, { d: at.map((p) => `M${p} ${line + 12}v14`).join("") });
    name.textContent = step > gap / unit && gap ? `every ${Math.round((step * unit) / gap)}th ${format} number` : `the ${format} numbers`;
    ends.forEach((end, i) => (end.textContent = scientific((i + 1) * unit)));
    set(exact, { cx: X(x / unit) });
    const mark = (number, up) =>
      number === null ? "" : `M${X(clamp(number / unit, 1, 2)).toFixed(1)} ${line + 26}v${up}`;
    set(stored, { d: mark(value, -52) });
    set(reached, { d: mark(total, -40) });
  };
}

function describe({ format, x, added, value, gap, sum: total }) {
  if (value === null) return `${scientific(x)} is beyond the largest number of ${format}: ∞.`;
  const off = Math.abs(value - x) / x;
  const moved = total === value ? "changes nothing" : total === null ? "gives ∞" : `gives ${digits(total)}`;
  return `Stored as ${digits(value)}, off by ${scientific(100 * off)} %. The next number is ${scientific(gap)} away. Adding ${scientific(added)} ${moved}.`;
}

// As many digits as tell float32 numbers apart.
const digits = (x) => (Math.abs(x) >= 0.001 && x < 1e5 ? String(Number(x.toPrecision(9))) : scientific(x));

const render = (context) =>
  figure(context, {
    label: "The bits of a number in a format, and its neighbours",
    ask: ["Before you move anything: ", "how small can 2⁻ᵏ be before bfloat16 no longer notices that it is added to 1.1?"],
    answer: () =>
      "From k = 9 on: the gap between neighbours is 2⁻⁷, and what is less than half of it is rounded away. In float32 it takes k = 25.",
    watch: ["format", "lead", "power", "shift"],
    controls: (model) => [
      choice(model, "format", {
        label: "format",
        options: Object.entries(FORMATS).map(([name, [, , text]]) => [name, text]),
      }),
      slider(model, "lead", { label: "leading digits", min: 1, max: 1.999, step: 0.001, text: (v) => fixed(v, 3) }),
      slider(model, "power", { label: "times 2 to the", min: -30, max: 20, step: 1, text: (v) => fixed(v, 0) }),
      slider(model, "shift", { label: "add 2⁻ᵏ of it, k", min: 0, max: 26, step: 1, text: (v) => fixed(v, 0) }),
    ],
    height: (width) => (width < 480 ? 230 : 200),
    compute,
    build,
    describe,
  });

export default { render };
