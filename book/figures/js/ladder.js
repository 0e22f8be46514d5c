// A slider whose positions stand for the values of a list, such as 0.001, 0.003, 0.01, …

// The model as such a slider sees it: positions instead of values.
const onLadder = (model, values) => ({
  get: (key) => {
    const away = values.map((value) => Math.abs(Math.log(value / model.get(key))));
    return away.indexOf(Math.min(...away));
  },
  set: (key, at) => model.set(key, values[at]),
  save_changes: () => model.save_changes(),
});

function ladder(model, key, label, values, text = String) {
  const ends = { min: 0, max: values.length - 1, step: 1 };
  return slider(onLadder(model, values), key, { label, ...ends, text: (at) => text(values[at]) });
}
