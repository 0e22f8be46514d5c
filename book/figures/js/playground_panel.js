// The playground's controls. What a run begins with starts it afresh; the settings act from the next
// step on, and `taken` keeps which were in force when.

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
const STRENGTHS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const BATCHES = [1, 2, 5, 10, 20, 50, 200];
const SETTINGS = ["rate", "batch", "method", "penalty", "strength"];
const MOST_STEPS = 20000;
const MOST_LAYERS = 4;
const MOST_UNITS = 8;

// The model as a control sees it that changes what a run begins with: back to step 0.
const afresh = (model) => ({
  get: (key) => model.get(key),
  set: (key, value) => {
    model.set("taken", []);
    if (key === "data") model.set("experiment", ""); // its question was about other points
    if (key === "features" || key === "hidden") model.set("look", -1); // other units now
    model.set(key, value);
  },
  save_changes: () => model.save_changes(),
});

// `count` more steps under the present settings.
function goOn(model, count) {
  const taken = model.get("taken");
  const settings = Object.fromEntries(SETTINGS.map((key) => [key, model.get(key)]));
  const last = taken[taken.length - 1];
  const same = last && SETTINGS.every((key) => last[key] === settings[key]);
  write(
    model,
    "taken",
    same
      ? [...taken.slice(0, -1), { ...last, steps: last.steps + count }]
      : [...taken, { steps: count, ...settings }],
  );
}

// The menu of experiments: to choose one sets everything that a run depends on.
function experimentMenu(model) {
  const experiments = model.get("experiments");
  const setting = {
    ...afresh(model),
    set: (key, name) => {
      model.set("running", false);
      model.set("taken", []);
      model.set("look", -1);
      for (const [each, value] of Object.entries(experiments[name]?.settings ?? {}))
        model.set(each, value);
      model.set(key, name);
    },
  };
  const named = Object.entries(experiments).map(([name, { title }]) => [name, title]);
  return choice(setting, "experiment", {
    label: "experiment",
    options: [...named, ["", "your own"]],
  });
}

// Controls side by side where there is room; each group is a grid of its own.
function columns(groups) {
  const grids = groups.map((group) =>
    html("div", { class: "controls" }, ...group.flatMap((control) => control.nodes)),
  );
  return {
    nodes: [html("div", { class: "columns" }, ...grids)],
    show: (state) => groups.flat().forEach((control) => control.show(state)),
  };
}

function featureBoxes(model) {
  const fresh = afresh(model);
  const boxes = Object.entries(FEATURES).map(([name, [text]]) => {
    const box = html("input", { type: "checkbox", "data-feature": name });
    box.addEventListener("change", () => {
      const now = model.get("features");
      const chosen = Object.keys(FEATURES).filter((one) =>
        one === name ? box.checked : now.includes(one),
      );
      write(fresh, "features", chosen.length ? chosen : now); // something must go in
      show();
    });
    return { name, box, node: html("label", {}, box, text) };
  });
  const show = () => {
    for (const { name, box } of boxes) box.checked = model.get("features").includes(name);
  };
  const group = html("div", { class: "ticks", role: "group", "aria-label": "inputs" });
  group.append(html("span", {}, "inputs"), ...boxes.map(({ node }) => node));
  return { nodes: [group], show };
}

// Each hidden layer with a button for one unit less, their number, and one more.
function layerButtons(model) {
  const fresh = afresh(model);
  const change = (alter) => {
    const hidden = [...model.get("hidden")];
    alter(hidden);
    write(fresh, "hidden", hidden);
  };
  const button = (text, name, action, data) => {
    const node = html("button", { type: "button", "aria-label": name, "data-action": data }, text);
    node.addEventListener("click", action);
    return node;
  };
  const layers = Array.from({ length: MOST_LAYERS }, (_, l) => {
    const by = (step) => () => change((hidden) => (hidden[l] += step));
    const less = button("−", `one unit less in layer ${l + 1}`, by(-1), `less-${l + 1}`);
    const more = button("+", `one unit more in layer ${l + 1}`, by(1), `more-${l + 1}`);
    const count = html("span", {});
    const node = html("span", { class: "stepper" }, `layer ${l + 1}`, less, count, more);
    return { node, less, more, count };
  });
  const add = button("Add layer", "Add layer", () => change((hidden) => hidden.push(2)), "add");
  const drop = button(
    "Remove layer",
    "Remove layer",
    () => change((hidden) => hidden.pop()),
    "drop",
  );
  const group = html("div", { class: "ticks", role: "group", "aria-label": "hidden layers" });
  group.append(html("span", {}, "units"), ...layers.map(({ node }) => node), add, drop);
  return {
    nodes: [group],
    show: ({ hidden }) => {
      layers.forEach(({ node, less, more, count }, l) => {
        node.hidden = l >= hidden.length;
        count.textContent = hidden[l] ?? "";
        less.disabled = hidden[l] <= 1;
        more.disabled = hidden[l] >= MOST_UNITS;
      });
      add.disabled = hidden.length >= MOST_LAYERS;
      drop.disabled = hidden.length === 0;
    },
  };
}

// The menu of units; its options follow the network.
function unitMenu(model) {
  const id = freshId();
  const menu = html("select", { id, class: "wide", "data-param": "look" });
  menu.addEventListener("change", () => write(model, "look", Number(menu.value)));
  let listed = "";
  const show = (state) => {
    const units = unitsOf([state.features.length, ...state.hidden]);
    const names = units.map((unit) => unitName(unit, state));
    if (listed !== String(names)) {
      listed = String(names);
      const options = [[-1, "p, the output"], ...names.map((name, at) => [at, name])];
      menu.replaceChildren(...options.map(([value, text]) => html("option", { value }, text)));
    }
    menu.value = state.look;
  };
  return { nodes: [html("label", { for: id }, "show large"), menu], show };
}

// Run, pause, step, reset. Running is a trait, so that the figure tells of it and Python can start it.
function runButtons(model, root) {
  let left = 0;
  const tick = () => {
    const room = MOST_STEPS - sum(model.get("taken").map(({ steps }) => steps));
    const count = Math.min(room, benchOf(model).pace(model.get("speed")));
    if (model.get("running") && count > 0) goOn(model, count);
    left -= 1;
    if (left > 0 && room > count && model.get("running") && benchOf(model).sound()) return true;
    write(model, "running", false);
    return false;
  };
  const timer = clock(root, tick, 100); // every frame
  const follow = () => {
    left = calm() ? 60 : Infinity; // without motion the end of some steps is shown at once
    if (model.get("running")) timer.start();
    else timer.stop();
  };
  model.on("change:running", follow);
  follow();
  return buttons(
    [
      ["Run", () => write(model, "running", !model.get("running")), "run"],
      ["Step", () => goOn(model, 1), "step"],
      ["Reset", () => write(afresh(model), "running", false), "reset"],
      ["Draw new points", () => write(afresh(model), "seed", model.get("seed") + 1), "seed"],
    ],
    ({ running, steps, loss }, run, step, reset) => {
      run.textContent = running ? "Pause" : "Run";
      run.disabled = step.disabled = steps >= MOST_STEPS || !Number.isFinite(loss[0]);
      reset.disabled = steps === 0;
    },
    () => (timer.end(), model.off("change:running", follow)),
  );
}

const mainControls = (model, root) => [
  experimentMenu(model),
  runButtons(model, root),
  layerButtons(model),
  featureBoxes(model),
];

function playgroundSettings(model) {
  const fresh = afresh(model);
  const menu = (from, key, label, options) => choice(from, key, { label, options });
  const bends = Object.entries(BENDS).map(([name, [text]]) => [name, text]);
  return [
    columns([
      [
        menu(fresh, "data", "data", [
          ["circle", "circle in a ring"],
          ["xor", "XOR: opposite corners"],
          ["gauss", "two Gaussians"],
          ["spiral", "two spirals"],
        ]),
        slider(fresh, "noise", { label: "noise", min: 0, max: 0.6, step: 0.05 }),
        slider(fresh, "share", {
          label: "for training",
          min: 0.1,
          max: 0.9,
          step: 0.1,
          text: (share) => `${Math.round(100 * share)}\u00a0%`,
        }),
        menu(fresh, "activation", "activation", bends),
        menu(fresh, "start", "weights begin", [
          ["random", "random"],
          ["equal", "all equal in a layer"],
        ]),
        unitMenu(model),
      ],
      [
        menu(model, "method", "method", [
          ["sgd", "gradient descent"],
          ["adam", "Adam"],
        ]),
        ladder(model, "rate", "learning rate", RATES),
        ladder(model, "batch", "batch size", BATCHES, (size) => (size === 200 ? "all" : size)),
        menu(model, "penalty", "penalty", [
          ["none", "none"],
          ["l2", "L2: weights shrink"],
          ["l1", "L1: weights become 0"],
        ]),
        ladder(model, "strength", "its strength λ", STRENGTHS),
        slider(model, "speed", { label: "steps a frame", min: 1, max: 25, step: 1, text: String }),
      ],
    ]),
  ];
}
