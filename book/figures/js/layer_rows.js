// The layers of a stack as rows of menus, for kernel, stride and dilation, with a button to remove.

const KERNELS = [1, 2, 3, 4, 5, 7];
const STRIDES = [1, 2, 3];
const DILATIONS = [1, 2, 4, 8];
const MOST_LAYERS = 6;
const STACKS = [
  ["three convolutions of 3", [[3, 1, 1], [3, 1, 1], [3, 1, 1]]],
  ["one convolution of 7", [[7, 1, 1]]],
  ["LeNet: 5, pool, 5, pool", [[5, 1, 1], [2, 2, 1], [5, 1, 1], [2, 2, 1]]],
  ["VGG's first two blocks", [[3, 1, 1], [3, 1, 1], [2, 2, 1], [3, 1, 1], [3, 1, 1], [2, 2, 1]]],
  ["ResNet's stem and a block", [[7, 2, 1], [3, 2, 1], [3, 1, 1], [3, 1, 1]]],
  ["dilations 1, 2, 4, 8", [[3, 1, 1], [3, 1, 2], [3, 1, 4], [3, 1, 8]]],
  ["a gap: stride 3, kernel 2", [[2, 3, 1], [3, 1, 1], [3, 1, 1]]],
];

// A change of the layers shows the topmost layer and a unit in its middle.
function restack(model, layers) {
  const { counts } = stack(layers);
  model.set("depth", layers.length);
  model.set("unit", Math.floor((counts[counts.length - 1] - 1) / 2));
  write(model, "layers", layers);
}

function stackMenu(model) {
  const same = (layers) => String(layers) === String(model.get("layers"));
  const proxy = {
    get: () => STACKS.find(([, layers]) => same(layers))?.[0] ?? "",
    set: (_, name) => name && restack(model, STACKS.find(([one]) => one === name)[1]),
    save_changes: () => {},
  };
  const options = [...STACKS.map(([name]) => [name, name]), ["", "your own"]];
  return choice(proxy, "layers", { label: "stack", options });
}

function layerMenu(model, l, part, name, values) {
  const menu = html("select", { "data-layer": `${l} ${name}` });
  const now = model.get("layers")[l][part];
  for (const value of values.includes(now) ? values : [...values, now])
    menu.append(html("option", { value }, String(value)));
  menu.value = now;
  menu.addEventListener("change", () => {
    const changed = model.get("layers")[l].with(part, Number(menu.value));
    restack(model, model.get("layers").with(l, changed));
  });
  return hiddenLabel(`${name} of layer ${l + 1}`, menu);
}

function layerRows(model) {
  const list = html("div", { style: "display: grid; gap: 4px; grid-column: 1 / -1" });
  const style = "display: grid; grid-template-columns: 3em 1fr 1fr 1fr 34px; gap: 4px";
  const names = ["layer", "kernel", "stride", "dilation"].map((name) => html("span", {}, name));
  const draw = () => {
    const layers = model.get("layers");
    const rows = layers.map((_, l) => {
      const remove = html("button", {
        type: "button",
        "aria-label": `remove layer ${l + 1}`,
        "data-remove": l,
        style: "padding: 0",
      });
      remove.textContent = "×";
      remove.disabled = layers.length === 1;
      remove.addEventListener("click", () => {
        restack(
          model,
          layers.filter((_, at) => at !== l),
        );
        add.focus();
      });
      return html(
        "div",
        { style: `${style}; align-items: center` },
        html("b", {}, String(l + 1)),
        layerMenu(model, l, 0, "kernel", KERNELS),
        layerMenu(model, l, 1, "stride", STRIDES),
        layerMenu(model, l, 2, "dilation", DILATIONS),
        remove,
      );
    });
    const heading = html("div", { style, "aria-hidden": "true" }, ...names);
    list.replaceChildren(heading, ...rows.reverse()); // the topmost first, as in the drawing
  };
  const add = html("button", { type: "button", "data-action": "add" }, "Add a layer on top");
  add.addEventListener("click", () => restack(model, [...model.get("layers"), [3, 1, 1]]));
  let shown = "";
  const show = () => {
    add.disabled = model.get("layers").length >= MOST_LAYERS;
    const now = JSON.stringify(model.get("layers"));
    if (now === shown) return;
    const focus = document.activeElement?.dataset.layer; // its menu is made anew
    draw();
    shown = now;
    if (focus) list.querySelector(`[data-layer="${focus}"]`)?.focus();
  };
  return { nodes: [html("div", { class: "buttons" }, add), list], show };
}
