// The three cells, unit by unit, as in audio_models/networks/cells.py, with every sum open to its terms.
//
// A model: {cell, blocks, units, inputs, kernel, recurrent, bias, x, steps, forced}. `blocks` names the parts of a weight matrix
// in order; kernel is (inputs, blocks * units), recurrent (units, blocks * units), bias one or two rows of (blocks * units),
// x (steps, inputs), all flat. `forced` gives for each step the gates that are held, {forget: 1} for one held open.

const sigmoid = (sum) => 0.5 * (1 + Math.tanh(0.5 * sum));

// The state after each step, from the first to the last: {h, c, gates: {name: values}}.
function readSequence(model) {
  const states = [];
  let before = firstState(model);
  for (let t = 0; t < model.steps; t++) states.push((before = stepOf(model, t, before)));
  return states;
}

function firstState(model) {
  return { h: new Float64Array(model.units), c: new Float64Array(model.units), gates: {} };
}

function stepOf(model, t, before) {
  const { units, inputs, blocks, kernel, recurrent, bias, x } = model;
  const width = blocks.length * units;
  const ofFrame = Float64Array.from({ length: width }, (_, at) => bias[0][at]);
  const ofState = Float64Array.from({ length: width }, (_, at) => (bias[1] ? bias[1][at] : 0));
  for (let from = 0; from < inputs; from++) {
    const value = x[t * inputs + from];
    if (value) for (let at = 0, row = from * width; at < width; at++) ofFrame[at] += value * kernel[row + at];
  }
  for (let from = 0; from < units; from++) {
    const value = before.h[from];
    if (value) for (let at = 0, row = from * width; at < width; at++) ofState[at] += value * recurrent[row + at];
  }
  const sum = (name, unit, share = 1) => {
    const at = blocks.indexOf(name) * units + unit;
    return ofFrame[at] + share * ofState[at];
  };
  const every = (value) => Float64Array.from({ length: units }, (_, unit) => value(unit));
  const gate = (name) => every((unit) => (model.forced?.[t]?.[name] ?? sigmoid(sum(name, unit))));
  if (model.cell === "simple_rnn") return { h: every((unit) => Math.tanh(sum("state", unit))), c: null, gates: {} };
  if (model.cell === "lstm") {
    const [input, forget, output] = ["input", "forget", "output"].map(gate);
    const candidate = every((unit) => Math.tanh(sum("candidate", unit)));
    const c = every((unit) => forget[unit] * before.c[unit] + input[unit] * candidate[unit]);
    return { h: every((unit) => output[unit] * Math.tanh(c[unit])), c, gates: { input, forget, candidate, output } };
  }
  const [update, reset] = ["update", "reset"].map(gate);
  const candidate = every((unit) => Math.tanh(sum("candidate", unit, reset[unit])));
  const h = every((unit) => update[unit] * before.h[unit] + (1 - update[unit]) * candidate[unit]);
  return { h, c: null, gates: { update, reset, candidate } };
}

// The sum inside one gate of one unit at one step: its parts, and every term {kind, from, value, weight, share, product}.
function openSum(model, block, unit, t, before, state) {
  const { units, inputs, blocks, kernel, recurrent, bias, x } = model;
  const width = blocks.length * units;
  const at = blocks.indexOf(block) * units + unit;
  const reset = model.cell === "gru" && block === "candidate"; // the state's part passes the reset gate
  const share = reset ? state.gates.reset[unit] : 1;
  const terms = [];
  const add = (kind, from, value, weight, part = 1) =>
    terms.push({ kind, from, value, weight, share: part, product: part * value * weight });
  for (let from = 0; from < inputs; from++) add("x", from, x[t * inputs + from], kernel[from * width + at]);
  for (let from = 0; from < units; from++) add("h", from, before.h[from], recurrent[from * width + at], share);
  const [b, d] = [bias[0][at], bias[1] ? bias[1][at] : 0];
  if (reset) {
    add("b", 0, 1, b);
    add("d", 0, 1, d, share);
  } else add("b", 0, 1, b + d);
  const total = (kinds) => terms.filter((one) => kinds.includes(one.kind)).reduce((sum, one) => sum + one.product, 0);
  const inner = terms.filter((one) => "hd".includes(one.kind)).reduce((sum, one) => sum + one.value * one.weight, 0);
  return { terms, frame: total("x"), state: total("hd"), bias: total("b"), sum: total("xhbd"), share, inner };
}

// The sum behind the answer: the logit of a label, from the state that the network answers from.
function openLogit(answer, summary, label) {
  const labels = answer.bias.length;
  const terms = Array.from(summary, (value, from) => {
    const weight = answer.kernel[from * labels + label];
    return { kind: "h", from, value, weight, share: 1, product: value * weight };
  });
  terms.push({ kind: "b", from: 0, value: 1, weight: answer.bias[label], share: 1, product: answer.bias[label] });
  return { terms, sum: terms.reduce((sum, one) => sum + one.product, 0) };
}

// What the answer after a step is read from: the last state, or the mean of all states so far.
function summaryAt(answer, states, t) {
  if (answer.readout === "last") return states[t].h;
  const mean = new Float64Array(states[t].h.length);
  for (let k = 0; k <= t; k++) states[k].h.forEach((value, unit) => (mean[unit] += value / (t + 1)));
  return mean;
}

// The largest terms, and the others as one number.
function largest(terms, most) {
  const ranked = [...terms].sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
  const listed = ranked.slice(0, ranked.length <= most + 1 ? ranked.length : most);
  const others = ranked.slice(listed.length);
  return { listed, others: others.length, rest: others.reduce((sum, one) => sum + one.product, 0) };
}

// An untrained cell, drawn as keras draws it (audio_models/networks/initial_weights.py): Glorot and Bengio 2010 for the
// frame, rows at right angles for the state, and a forget gate that begins open (Gers et al. 2000).
function untrained(cell, blocks, units, x) {
  const width = blocks.length * units;
  const limit = Math.sqrt(6 / (1 + width));
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const rows = [];
  while (rows.length < units) {
    const row = Array.from({ length: width }, normal);
    for (const other of rows) {
      const along = other.reduce((sum, value, at) => sum + value * row[at], 0);
      other.forEach((value, at) => (row[at] -= along * value));
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  const forget = blocks.indexOf("forget");
  const bias = Float64Array.from({ length: width }, (_, at) => (Math.floor(at / units) === forget ? 1 : 0));
  return {
    cell, blocks, units, inputs: 1, steps: x.length, x: Float64Array.from(x),
    kernel: Float64Array.from({ length: width }, () => limit * (2 * Math.random() - 1)), recurrent: Float64Array.from(rows.flat()),
    bias: cell === "gru" ? [bias, new Float64Array(width)] : [bias],
  }; // prettier-ignore
}
