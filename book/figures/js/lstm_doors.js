// One step of one LSTM unit: three doors on and beside a rail, set by hand, and thirty such steps.

const STEPS = 30;
const DOORS = [
  ["f", "blue", "forget gate f"],
  ["i", "green", "input gate i"],
  ["o", "orange", "output gate o"],
];

function compute(model) {
  const [f, i, g, o, old] = ["f", "i", "g", "o", "c"].map((key) => model.get(key));
  const cells = [];
  for (let t = 0, c = old; t < STEPS; t++) {
    c = f * c + i * g;
    cells.push(c);
  }
  const states = cells.map((c) => o * Math.tanh(c));
  const to_cell = o * (1 - Math.tanh(cells[0]) ** 2);
  return { c: cells[0], h: states[0], cell_slope: f, state_slope: to_cell * f, cells, states };
}

// A pipe is as thick as what flows in it.
const thickness = (value) => Math.min(26, Math.max(1.5, 13 * Math.abs(value)));

function build(drawing, width, height, model) {
  const rail = 78; // the height of the rail
  const below = 176; // where the candidate comes from, and the state goes to
  const place = { f: 0.22, plus: 0.46, o: 0.8 };
  const at = (share) => share * width;
  const text = (x, y, kind, said, anchor = "middle") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const pipe = (colour) => svg("path", { class: `curve ${colour}` });
  const pipes = {
    before: pipe("blue"),
    kept: pipe("blue"),
    written: pipe("green"),
    after: pipe("blue"),
    offered: pipe("green"),
    bent: pipe("orange"),
    shown: pipe("orange"),
  };
  const label = (x, y, kind, anchor) => text(x, y, `small halo ${kind}`, "", anchor);
  const said = {
    old: label(2, rail - 22, "blue", "start"),
    fresh: label(width - 2, rail - 22, "blue", "end"),
    f: label(at(place.f) + 12, rail + 32, "blue", "start"),
    i: label(at(place.plus) - 38, 137, "green", "end"),
    o: label(at(place.o) - 38, 137, "orange", "end"),
    g: label(at(place.plus), below + 18, "green", "middle"),
    h: label(at(place.o), below + 18, "orange", "middle"),
  };
  const door = (key, colour, x, y, flat) => {
    const size = 56; // of a door that is shut
    const halves = [0, 1].map(() => svg("rect", { class: "ink-fill", rx: 2 }));
    const handle = knob(colour, key, (px, py) => {
      const way = flat ? 2 * (px - x) : 2 * (y - py);
      write(model, key, Math.round(100 * clamp(way / size, 0.01, 0.99)) / 100);
    });
    const show = (value) => {
      const gap = (value * size) / 2;
      const length = size / 2 + 3 - gap;
      halves.forEach((half, k) => {
        const from = k ? gap : -size / 2 - 3;
        set(
          half,
          flat
            ? { x: x + from, y: y - 3, width: length, height: 6 }
            : { x: x - 3, y: y + from, width: 6, height: length },
        );
      });
      handle.at(...(flat ? [x + gap, y] : [x, y - gap]));
    };
    return { nodes: [...halves, handle.node], show, key };
  };
  const doors = [
    door("f", "blue", at(place.f), rail, false),
    door("i", "green", at(place.plus), 132, true),
    door("o", "orange", at(place.o), 132, true),
  ];
  const plus = svg("circle", { cx: at(place.plus), cy: rail, r: 13, class: "handle ink" });
  drawing.append(
    text(0, 14, "strong", "one step", "start"),
    ...Object.values(pipes),
    plus,
    text(at(place.plus), rail + 5, "strong", "+"),
    ...doors.flatMap((one) => one.nodes),
    ...Object.values(said),
    text(2, rail - 38, "small blue", "old cell", "start"),
    text(width - 2, rail - 38, "small blue", "new cell", "end"),
  );
  const [top, bottom] = [236, height - 40];
  const X = scale([0, STEPS], [34, width - 10]);
  const frame = svg("g");
  const curves = {
    cells: svg("path", { class: "curve blue" }),
    states: svg("path", { class: "curve orange dashed" }),
  };
  const names = { cells: label(0, 0, "blue", "end"), states: label(0, 0, "orange", "end") };
  drawing.append(
    text(0, top - 16, "strong", "the same step, thirty times", "start"),
    frame,
    ...Object.values(curves),
    ...Object.values(names),
  );

  return (state) => {
    const [f, i, g, o, old] = ["f", "i", "g", "o", "c"].map((key) => model.get(key));
    const draw = (key, d, value) => {
      const style = `stroke-width: ${thickness(value)}px; stroke-linecap: butt`;
      set(pipes[key], { d, style });
    };
    const [F, P, O] = [at(place.f), at(place.plus), at(place.o)];
    draw("before", `M0 ${rail}H${F}`, old);
    draw("kept", `M${F} ${rail}H${P}`, f * old);
    draw("after", `M${P} ${rail}H${width}`, state.c);
    draw("offered", `M${P} ${below}V132`, g);
    draw("written", `M${P} 132V${rail}`, i * g);
    draw("bent", `M${O} ${rail}V132`, Math.tanh(state.c));
    draw("shown", `M${O} 132V${below}`, state.h);
    for (const one of doors) one.show(model.get(one.key));
    said.old.textContent = fixed(old);
    said.fresh.textContent = fixed(state.c);
    for (const key of ["f", "i", "o"]) said[key].textContent = `${key} ${fixed(model.get(key))}`;
    said.g.textContent = `candidate ${fixed(g)}`;
    said.h.textContent = `state ${fixed(state.h)}`;
    const most = Math.max(1, ...state.cells.map(Math.abs), Math.abs(old));
    const limit = [1, 2, 5, 10, 20, 40].find((size) => size >= most) ?? 50;
    const low = Math.min(0, ...state.cells, old, ...state.states) < 0 ? -limit : 0;
    const Y = scale([low, limit], [bottom, top]);
    frame.replaceChildren(
      axes(X, Y, {
        x: [0, 10, 20, 30],
        y: low ? [-limit, 0, limit] : [0, limit / 2, limit],
        xTitle: "step",
      }),
    );
    set(curves.cells, { d: plot([old, ...state.cells].map((c, t) => [t, c]), X, Y) });
    set(curves.states, { d: plot(state.states.map((h, t) => [t + 1, h]), X, Y) });
    const [endC, endH] = [Y(state.cells.at(-1)), Y(state.states.at(-1))];
    const apart = Math.abs(endC - endH) < 30 ? (endC <= endH ? 1 : -1) : 0;
    const inside = (y) => clamp(y, top + 12, bottom - 4);
    set(names.cells, { x: width - 12, y: inside(endC - 8 - (apart < 0 ? -24 : 0)) });
    set(names.states, { x: width - 12, y: inside(endH - 8 + (apart > 0 ? 26 : 0)) });
    names.cells.textContent = "cell";
    names.states.textContent = "state";
  };
}

function describe({ c, h, cell_slope, state_slope, cells }) {
  const half = cell_slope < 1 ? Math.log(0.5) / Math.log(cell_slope) : Infinity;
  return (
    `The new cell is ${fixed(c)}, the state that shows is ${fixed(h)}. ` +
    `A change of the old cell by 1 moves the new cell by ${fixed(cell_slope)}, the state by ${fixed(state_slope, 3)}. ` +
    `At these doors half of a content is gone after ${fixed(half, 1)} steps; after thirty steps the cell is ${fixed(cells.at(-1))}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "One step of an LSTM unit with three doors, and thirty such steps",
    ask: [
      "Before you move a door: ",
      "with the forget gate at 0.9 and nothing written, after how many steps is half of the cell gone?",
    ],
    answer: ({ cell_slope }) =>
      `At 0.9 after log ½ / log 0.9 = 6.6 steps. Your forget gate is at ${fixed(cell_slope)}.`,
    watch: ["f", "i", "g", "o", "c"],
    controls: (model) => [
      ...DOORS.map(([key, , label]) =>
        slider(model, key, { label, min: 0.01, max: 0.99, step: 0.01 }),
      ),
      slider(model, "g", { label: "candidate g", min: -0.95, max: 0.95, step: 0.05 }),
      slider(model, "c", { label: "old cell c", min: -2, max: 2, step: 0.1 }),
    ],
    height: () => 396,
    compute,
    build,
    describe,
  });

export default { render };
