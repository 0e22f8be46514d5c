// Training runs with a bug each, one at a time: the reader names the bug from the curves.

const KINDS = { train: "ink", valid: "green", first: "blue", last: "orange" };

function compute(model) {
  const [runs, picks, shown] = [model.get("runs"), model.get("picks"), model.get("shown")];
  const right = runs.map(({ bug }, i) => picks[i] === bug);
  return {
    shown,
    pick: picks[shown] ?? "",
    right: right[shown],
    found: right.filter(Boolean).length,
    of: runs.length,
    compare: model.get("compare"),
  };
}

// ---- drawing -------------------------------------------------------------------------------

// What each panel shows of a run: [name, series, solid or dotted].
const PANELS = [
  [
    "loss",
    (run) => [
      ["train", run.train_loss],
      ["valid", run.valid_loss],
    ],
  ],
  [
    "accuracy",
    (run) => [
      ["train", run.train_accuracy],
      ["valid", run.valid_accuracy],
      ["dead", run.dead],
    ],
  ],
  [
    "gradient",
    (run) => [
      ["first", run.gradient.first],
      ["last", run.gradient.last],
    ],
  ],
];
const LEGEND = [
  [
    ["training", "ink"],
    ["validation", "green"],
  ],
  [["dotted: dead units", "ink"]],
  [
    ["first layer", "blue"],
    ["last layer", "orange"],
  ],
];

const isNumber = (value) => value !== null && Number.isFinite(value);
const powersOf = (low, high) =>
  Array.from({ length: high - low + 1 }, (_, i) => low + i).filter(
    (power) => (power - low) % Math.ceil((high - low) / 4) === 0,
  );

// From values to heights, with the grid lines to draw. Losses are linear from 0 up to 20, beyond that
// logarithmic; gradients are logarithmic, with 0 on the floor.
function heightsFor(panel, values, [bottom, top]) {
  const finite = values.filter(isNumber);
  const most = Math.max(...finite, 1e-9);
  if (panel === 1 || (panel === 0 && most <= 20)) {
    const ends = panel === 1 ? [1] : [0.5, 1, 2, 3, 4, 5, 10, 20];
    const end = ends.find((one) => one >= most) ?? 1;
    const Y = scale([0, end], [bottom, top]);
    return { Y, at: Y, y: [0, end / 2, end], yText: String };
  }
  const least = Math.min(...finite.filter((value) => value > 0), most);
  const low = Math.floor(Math.log10(least) - 0.001);
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  const floor = panel === 2 ? 14 : 0; // room for an exact 0
  const Y = scale([low, high], [bottom - floor, top]);
  const at = (value) => (value > 0 ? Y(Math.log10(value)) : bottom);
  return { Y, at, y: powersOf(low, high), yText: (power) => `10${raised(power)}` };
}

function build(drawing, width, height, model) {
  const wide = width >= 600;
  const panels = PANELS.map(([name, series], i) => {
    const span = wide ? width / 3 : width;
    const left = (wide ? i * span : 0) + 40;
    const top = wide ? 46 : 46 + i * 196;
    const place = { left, right: left + span - 52, top, bottom: top + (wide ? 190 : 120) };
    return buildPanel(drawing, { name, series, legend: LEGEND[i], panel: i, ...place });
  });
  return (state) => {
    const runs = model.get("runs");
    const run = runs[state.shown];
    const wrong = state.pick && !state.right;
    const other = wrong ? runs.find(({ bug }) => bug === state.pick) : null;
    const healthy = state.compare && model.get("healthy").train_loss ? model.get("healthy") : null;
    for (const show of panels) show(run, other, healthy);
  };
}

function buildPanel(drawing, { name, series, legend, panel, left, right, top, bottom }) {
  const frame = svg("g");
  const curves = svg("g");
  const zero = svg("text", { x: left - 6, y: bottom + 4, "text-anchor": "end", class: "small" });
  const items = svg("text", { x: left, y: top - 12, class: "small" });
  legend.forEach(([word, kind], i) =>
    items.append(svg("tspan", { class: `strong ${kind}-fill`, dx: i ? 10 : 0 }, word)),
  );
  const title = panel === 2 ? "size of the gradient" : name;
  drawing.append(
    svg("text", { x: left, y: top - 30, class: "strong" }, title),
    items,
    frame,
    zero,
    curves,
    svg("text", { x: right, y: bottom + 32, "text-anchor": "end", class: "small" }, "epoch"),
  );
  return (run, other, healthy) => {
    const layers = [
      [healthy, "thin"],
      [other, "dashed"],
      [run, ""],
    ].filter(([one]) => one);
    const values = layers.flatMap(([one]) => series(one).flatMap(([, numbers]) => numbers));
    const { Y, at, y, yText } = heightsFor(panel, values, [bottom, top]);
    const count = Math.max(...layers.map(([one]) => one.train_loss.length));
    const X = scale([1, count], [left, right]);
    frame.replaceChildren(
      axes(X, scale([0, 1], [bottom, top]), { x: [1, Math.round(count / 2), count] }),
      axes(X, Y, { y, yText }),
      floorLine(left, right, bottom),
    );
    zero.textContent = panel === 2 ? "0" : "";
    curves.replaceChildren(
      ...layers.flatMap(([one, style]) =>
        series(one).flatMap(([kind, numbers]) => drawSeries(kind, numbers, style, X, at)),
      ),
    );
  };
}

const floorLine = (x1, x2, y) => svg("line", { x1, x2, y1: y, y2: y, class: "axis" });

// A curve with gaps where a number is missing.
function drawSeries(kind, numbers, style, X, at) {
  if (!numbers || (kind === "dead" && style)) return [];
  const parts = [[]];
  numbers.forEach((value, i) => {
    if (isNumber(value)) parts[parts.length - 1].push([X(i + 1), at(value)]);
    else parts.push([]);
  });
  const d = parts.map(path).join("");
  const look = {
    "": { "stroke-width": 2.5 },
    dashed: { style: "stroke-width: 1.6", "stroke-dasharray": "6 5", "stroke-opacity": 0.8 },
    thin: { style: "stroke-width: 1.2", "stroke-opacity": 0.55 },
  };
  if (kind === "dead")
    Object.assign(look[""], { "stroke-dasharray": "1 6", "stroke-opacity": 0.8 });
  return [svg("path", { d, class: `curve ${KINDS[kind] ?? "ink"}`, ...look[style] })];
}

// ---- controls and words ----------------------------------------------------------------------

function bugMenu(model) {
  const id = freshId();
  const menu = html("select", { id, class: "wide", "data-param": "pick" });
  const options = [["", "choose …"], ...model.get("bugs").map(({ key, name }) => [key, name])];
  menu.append(...options.map(([value, text]) => html("option", { value }, text)));
  menu.addEventListener("change", () => {
    const picks = model.get("runs").map((_, i) => model.get("picks")[i] ?? "");
    picks[model.get("shown")] = menu.value;
    write(model, "picks", picks);
  });
  return {
    nodes: [html("label", { for: id }, "the bug"), menu],
    show: ({ pick }) => (menu.value = pick),
  };
}

function healthyBox(model) {
  const id = freshId();
  const box = html("input", { type: "checkbox", id });
  box.addEventListener("change", () => write(model, "compare", box.checked));
  const label = html("label", { for: id }, box, "thin lines: the same network without a bug");
  return {
    nodes: model.get("healthy").train_loss ? [html("div", { class: "ticks" }, label)] : [],
    show: ({ compare }) => (box.checked = compare),
  };
}

// The menu of runs, with a tick at those whose bug is found.
function runMenu(model) {
  const runs = model.get("runs");
  const menu = choice(model, "shown", {
    label: "look at",
    options: runs.map((_, i) => [i, `run ${i + 1}`]),
  });
  const options = menu.nodes[1].options;
  const show = () => {
    menu.show();
    runs.forEach(({ bug }, i) => {
      const found = model.get("picks")[i] === bug;
      options[i].textContent = `run ${i + 1} of ${runs.length}${found ? " ✓" : ""}`;
    });
  };
  return { nodes: menu.nodes, show };
}

function hunt(model) {
  const last = model.get("runs").length - 1;
  const to = (step) => () => write(model, "shown", clamp(model.get("shown") + step, 0, last));
  return [
    runMenu(model),
    bugMenu(model),
    healthyBox(model),
    buttons(
      [
        ["Next run", to(1), "next"],
        ["Back", to(-1), "back"],
        ["Forget all", () => write(model, "picks", []), "forget"],
      ],
      ({ shown }, next, back, forget) => {
        next.disabled = shown === last;
        back.disabled = shown === 0;
        forget.disabled = !model.get("picks").some(Boolean);
      },
    ),
  ];
}

const lastOf = (numbers) => numbers.filter(isNumber).pop();

function describe(model, { shown, pick, right, found, of }) {
  const run = model.get("runs")[shown];
  const bug = model.get("bugs").find(({ key }) => key === pick);
  const count = `Found: ${found} of ${of}.`;
  if (right) return `Right. ${bug.name}. ${bug.tell} ${count}`;
  if (bug) {
    const dashed = model.get("runs").some((one) => one.bug === pick)
      ? ", as the dashed curves do"
      : "";
    return `Not here. ${bug.name}: that would have looked different${dashed}. ${bug.tell} ${count}`;
  }
  const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
  const [train, valid] = [lastOf(run.train_loss), lastOf(run.valid_loss)];
  const [trained, validated] = [lastOf(run.train_accuracy), lastOf(run.valid_accuracy)];
  return (
    `Run ${shown + 1} ends with loss ${scientific(train)} in training and ${scientific(valid)} in validation; ` +
    `${percent(trained)} and ${percent(validated)} are right. What went wrong? ${count}`
  );
}

const render = (context) =>
  figure(context, {
    label: "Curves of a training run with a bug: loss, accuracy, and size of the gradient by epoch",
    ask: [
      "Before you open the menu: ",
      "this run has one bug. What do its curves say, and what would you check first?",
    ],
    watch: ["shown", "picks", "compare", "runs", "bugs", "healthy"],
    controls: hunt,
    height: (width) => (width >= 600 ? 276 : 600),
    compute,
    build,
    describe: (state) => describe(context.model, state),
  });

export default { render };
