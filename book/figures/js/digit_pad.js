// The pad that digits are drawn on, with mouse, finger or keys, and its buttons.

const PADTOP = 20; // below its heading

// Where strokes are begun and carried on; both take shares of the pad's side.
const within = (v) => Math.round(1000 * clamp(v, 0, 1)) / 1000;

function begin(model, x, y) {
  write(model, "strokes", [...model.get("strokes"), [within(x), within(y)]]);
}

function carryOn(model, x, y) {
  const strokes = model.get("strokes");
  const last = strokes[strokes.length - 1];
  const [px, py] = last.slice(-2);
  if (Math.hypot(x - px, y - py) > 0.008)
    write(model, "strokes", [...strokes.slice(0, -1), [...last, within(x), within(y)]]);
}

function buildPad(drawing, picture, size, model) {
  const heading = line(0, 13, "", "small strong");
  const hint = line(size / 2, PADTOP + size / 2, "draw a digit here", "small", "middle");
  const strokes = svg("path", { class: "curve blue", opacity: 0.8 });
  set(strokes, { style: `stroke-width: ${(2 * PEN * size) / 28}px` });
  const cross = svg("path", { class: "curve" });
  const area = svg("rect", {
    ...{ x: 0, y: PADTOP, width: size, height: size, class: "drag-area", "data-drag": "pad" },
    style: "cursor: crosshair; touch-action: none",
  });
  let fresh = true;
  drag(
    area,
    (x, y) => {
      const place = [x / size, (y - PADTOP) / size];
      if (fresh) begin(model, ...place);
      else carryOn(model, ...place);
      fresh = false;
    },
    () => (fresh = true),
  );
  const id = freshId();
  drawing.append(
    svg("clipPath", { id }, box(0, PADTOP, size, size)),
    svg("g", { "clip-path": `url(#${id})` }, strokes, cross),
    box(0, PADTOP, size, size, "axis"),
    ...[heading, hint, area],
  );
  const at = (v, n) => (v * size + (n % 2 ? PADTOP : 0)).toFixed(1);
  return (state) => {
    const { example, truth } = state;
    if (example >= 0) picture(exampleImage(model), { rows: 28 }, 0, PADTOP, size);
    heading.textContent = example < 0 ? "the pad" : `the pad: a test digit, ${truth}`;
    hint.textContent = example < 0 && !state.strokes.length ? "draw a digit here" : "";
    const lines = state.strokes.map((one) => {
      const places = one.length > 2 ? one : [...one, ...one]; // a dot is a line to itself
      return `M${places.map(at).join(" ")}`;
    });
    set(strokes, { d: lines.join("") });
    const [x, y, down] = state.pen;
    const keys = drawing.parentNode?.querySelector("[data-action=pen]:focus");
    const arm = size / 22;
    const spot = `M${x * size - arm} ${y * size + PADTOP}h${2 * arm}m${-arm} ${-arm}v${2 * arm}`;
    set(cross, { d: keys ? spot : "", class: `curve ${down ? "orange" : "ink"}` });
  };
}

// The same as the button Clear, which is for keys, for a hand that is at the pad.
function buildClear(drawing, { left, top, width, model }) {
  const place = { x: left, y: top, width, height: 32, rx: 6 };
  const hit = svg("rect", { ...place, class: "drag-area", style: "cursor: pointer" });
  set(hit, { "data-clear": "" });
  hit.addEventListener("click", () => clearPad(model));
  drawing.append(
    svg("rect", { ...place, class: "axis" }),
    line(left + width / 2, top + 20, "Clear", "", "middle"),
    hit,
  );
}

function clearPad(model, example = -1) {
  model.set("strokes", []);
  model.set("pen_down", false);
  write(model, "example", example);
}

// A pen for the keyboard: a button that the arrows belong to while it has the focus.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function padButtons(model) {
  const undo = () => {
    model.set("pen_down", false);
    write(model, "strokes", model.get("strokes").slice(0, -1));
  };
  const toggle = () => {
    write(model, "pen_down", !model.get("pen_down"));
    if (model.get("pen_down")) begin(model, ...model.get("pen"));
  };
  const made = buttons(
    [
      ["Clear", () => clearPad(model), "clear"],
      ["Undo a stroke", undo, "undo"],
      ["Pen for the keys", toggle, "pen"],
    ],
    ({ strokes, pen }, clear, undoing, key) => {
      undoing.disabled = strokes.length === 0;
      key.textContent = pen[2] ? "Pen is down: draw with the arrows" : "Pen for the keys";
      key.setAttribute("aria-pressed", String(pen[2]));
    },
  );
  const key = made.nodes[0].querySelector("[data-action=pen]");
  key.title = "Arrow keys move the pen, space puts it down and lifts it";
  key.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    const place = model.get("pen").map((v, n) => within(v + step[n] / 28));
    model.set("pen", place);
    if (model.get("pen_down") && model.get("strokes").length) carryOn(model, ...place);
    model.save_changes();
  });
  // Any change of the pen draws anew, and so shows or hides its cross.
  for (const event of ["focus", "blur"])
    key.addEventListener(event, () => write(model, "pen", [...model.get("pen")]));
  return made;
}
